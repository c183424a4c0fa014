// All that a simulated disk knows, and the walks over its names.

import VarveStorage

/// The state of a simulated disk; its methods are called with the disk's lock held.
struct DiskState: Sendable {
    var root = DirectoryNode(number: 0)
    var nextNodeNumber = 1
    /// Changes to names that are not part of `durable` yet, in order.
    var pendingNames: [NameChange] = []
    /// Numbers of the files that are locked.
    var lockedNodes: Set<Int> = []
    var openFileCount = 0
    var listGenerator: SeededGenerator

    var operationCount = 0
    var trace: [DiskOperation] = []
    var hash = HistoryHash()
    var keepsTrace = true
    var onOperation: (@Sendable (DiskOperation) -> Void)?
    var observers: [@Sendable (DiskOperation) -> Void] = []

    var capacity: Int?
    var fileSyncPublishesName = false

    init(seed: UInt64) { listGenerator = SeededGenerator(seed: seed) }

    // MARK: - Names

    /// The names on the way to `path`; one slash or more separate them, `.` names nothing.
    static func components(_ path: FilePath) -> [String] {
        path.text.split(separator: "/").filter { $0 != "." }.map(String.init)
    }

    /// What stands at `path`; nil if nothing.
    func node(_ path: FilePath) -> DiskNode? {
        var found = DiskNode.directory(root)
        for name in Self.components(path) {
            guard case .directory(let directory) = found, let next = directory.live[name] else {
                return nil
            }
            found = next
        }
        return found
    }

    /// The directory at `path`.
    func directory(_ path: FilePath, _ call: DiskCall) throws(StorageError) -> DirectoryNode {
        switch node(path) {
        case .directory(let node): return node
        case .file: throw failure(ErrorNumber.notDirectory, call, path)
        case nil: throw failure(ErrorNumber.notFound, call, path)
        }
    }

    /// The directory that holds `path`, and the name in it; there may be nothing under that name.
    func name(_ path: FilePath, _ call: DiskCall) throws(StorageError) -> DiskName {
        var names = Self.components(path)
        guard let last = names.popLast() else {
            throw failure(ErrorNumber.invalidArgument, call, path)
        }
        var directory = root
        for name in names {
            switch directory.live[name] {
            case .directory(let next): directory = next
            case .file: throw failure(ErrorNumber.notDirectory, call, path)
            case nil: throw failure(ErrorNumber.notFound, call, path)
            }
        }
        return DiskName(directory: directory, name: last)
    }

    func failure(_ number: Int32, _ call: DiskCall, _ path: FilePath) -> StorageError {
        StorageError(errorNumber: number, call: call.systemName, path: path)
    }

    mutating func makeNodeNumber() -> Int {
        defer { nextNodeNumber += 1 }
        return nextNodeNumber
    }

    /// Makes a change to the names that is not durable yet.
    mutating func change(_ kind: NameChange.Kind) {
        let change = NameChange(operationIndex: operationCount - 1, kind: kind)
        change.applyToLive()
        pendingNames.append(change)
    }

    /// Makes the changes durable that `isChosen` chooses.
    mutating func makeDurable(_ isChosen: (NameChange) -> Bool) {
        for index in pendingNames.indices where isChosen(pendingNames[index]) {
            pendingNames[index].isDurable = true
        }
        // A durable change behind one that is not must wait, for order's sake; it survives all the
        // same.
        let settledCount = pendingNames.prefix { $0.isDurable }.count
        for change in pendingNames[..<settledCount] { change.applyToDurable() }
        pendingNames.removeFirst(settledCount)
    }

    /// What a power cut that keeps nothing more than promised leaves under a name; nil for nothing.
    func durableNode(_ name: DiskName) -> DiskNode? {
        var found = name.directory.durable[name.name]
        for change in pendingNames where change.isDurable {
            guard change.names.contains(where: { $0.isSame(name) }) else { continue }
            found = change.linked.flatMap { $0.0.isSame(name) ? $0.1 : nil }
        }
        return found
    }

    // MARK: - Room

    /// Bytes in all files that have a name.
    var usedByteCount: Int {
        var seen: Set<Int> = []
        var directories = [root]
        var total = 0
        while let directory = directories.popLast() {
            for node in directory.live.values where seen.insert(node.number).inserted {
                switch node {
                case .file(let file): total += file.live.byteCount
                case .directory(let inner): directories.append(inner)
                }
            }
        }
        return total
    }

    /// How many of the bytes from `offset` on fit on the disk.
    func fittingByteCount(_ count: Int, at offset: Int, in node: FileNode) -> Int {
        guard let capacity else { return count }
        let growth = max(0, offset + count - node.live.byteCount)
        let room = max(0, capacity - usedByteCount)
        return growth <= room ? count : max(0, count - (growth - room))
    }
}
