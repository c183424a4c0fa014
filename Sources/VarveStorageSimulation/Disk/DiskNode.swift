// What stands on a simulated disk: files and directories, each with what is durable and what is
// not.

/// A change to the bytes of a file that no sync has made durable yet.
struct FileChange {
    enum Kind {
        case write(offset: Int, bytes: [UInt8])
        case resize(byteCount: Int)
    }

    /// The index of the operation that made it.
    var operationIndex: Int
    var kind: Kind
}

extension PagedBytes {
    mutating func apply(_ change: FileChange) {
        switch change.kind {
        case .write(let offset, let bytes): write(bytes[...], at: offset)
        case .resize(let byteCount): resize(to: byteCount)
        }
    }
}

/// A file, whatever its names.
final class FileNode: @unchecked Sendable {
    // Invariant for Sendable: read and written with the disk's lock held.

    /// Unique on its disk and growing, so that nodes have an order.
    let number: Int
    /// What a power cut leaves.
    var durable = PagedBytes()
    /// What reads see.
    var live = PagedBytes()
    /// What lies between the two, in order.
    var pending: [FileChange] = []
    /// Whether a failed sync left bytes that reads see and no later sync makes durable.
    var hasLostChanges = false
    /// How many times the kernel failed to write pages in the background.
    var writebackFailureCount = 0

    init(number: Int) { self.number = number }

    /// Makes a change that is not durable.
    func change(_ kind: FileChange.Kind, operationIndex: Int) {
        let change = FileChange(operationIndex: operationIndex, kind: kind)
        live.apply(change)
        pending.append(change)
    }

    /// Makes all changes durable, save those lost before.
    func sync() {
        if hasLostChanges {
            for change in pending { durable.apply(change) }
        } else {
            durable = live
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// Forgets that there is anything to write: reads still see it, no sync will save it.
    func dropPages() {
        guard !pending.isEmpty else { return }
        pending = []
        hasLostChanges = true
    }

    /// Goes back to what is durable.
    func revert() {
        pending = []
        hasLostChanges = false
        live = durable
    }

    /// What a kill of the process leaves: everything the kernel still means to write.
    var settled: PagedBytes {
        guard hasLostChanges else { return live }
        var result = durable
        for change in pending { result.apply(change) }
        return result
    }
}

/// A directory.
final class DirectoryNode: @unchecked Sendable {
    // Invariant for Sendable: read and written with the disk's lock held.

    /// Unique on its disk and growing, so that nodes have an order.
    let number: Int
    /// The names a power cut leaves, before the durable changes that wait behind others.
    var durable: [String: DiskNode] = [:]
    /// The names that calls see.
    var live: [String: DiskNode] = [:]

    init(number: Int) { self.number = number }
}

/// What a name stands for.
enum DiskNode: Sendable {
    case file(FileNode)
    case directory(DirectoryNode)

    var number: Int {
        switch self {
        case .file(let node): node.number
        case .directory(let node): node.number
        }
    }
}

/// A name in a directory.
struct DiskName {
    var directory: DirectoryNode
    var name: String

    func isSame(_ other: DiskName) -> Bool {
        directory === other.directory && name == other.name
    }
}

/// A change to the names of a disk; a rename is one, even between directories.
struct NameChange {
    enum Kind {
        case link(DiskName, DiskNode)
        case unlink(DiskName)
        case rename(from: DiskName, to: DiskName, DiskNode)
    }

    /// The index of the operation that made it.
    var operationIndex: Int
    var kind: Kind
    /// Whether one of its directories has been synced since.
    var isDurable = false

    /// The names it sets or takes away.
    var names: [DiskName] {
        switch kind {
        case .link(let name, _), .unlink(let name): [name]
        case .rename(let from, let to, _): [from, to]
        }
    }

    /// What the change puts under a name; nil if nothing.
    var linked: (DiskName, DiskNode)? {
        switch kind {
        case .link(let name, let node), .rename(_, let name, let node): (name, node)
        case .unlink: nil
        }
    }

    /// Makes the change to the durable names.
    func applyToDurable() {
        for name in names { name.directory.durable[name.name] = nil }
        if let (name, node) = linked { name.directory.durable[name.name] = node }
    }

    /// Makes the change to the names that calls see.
    func applyToLive() {
        for name in names { name.directory.live[name.name] = nil }
        if let (name, node) = linked { name.directory.live[name.name] = node }
    }
}
