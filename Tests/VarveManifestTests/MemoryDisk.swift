// A disk in memory that counts calls, fails one of them, and forgets what was not made durable.

import VarveStorage

/// A small file system in memory for one test.
///
/// Names become durable by syncing their directory, bytes by syncing their file;
/// ``afterPowerCut()`` keeps nothing else.
final class MemoryDisk: FileSystem, @unchecked Sendable {
    // Invariant for Sendable: a test uses its disk from one thread.

    /// The bytes of a file and those that are durable.
    final class Node {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }

    enum Entry {
        case directory
        case file(Node)
    }

    /// The call that fails: its place among all calls, how it fails, and whether it happens all
    /// the same.
    struct Fault {
        var index: Int
        var kind: StorageError.Kind
        var happens: Bool
    }

    var entries: [String: Entry] = ["/": .directory]
    var durableEntries: [String: Entry] = ["/": .directory]
    /// Every call that changes something, in order.
    var changes: [String] = []
    var callCount = 0
    var fault: Fault?
    var beforeCall: (() -> Void)?

    /// Counts a call, and performs it unless it is the one that fails.
    func perform<Result>(
        _ call: String, _ path: FilePath, changes isChange: Bool = true,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        beforeCall?()
        if isChange { changes.append("\(call) \(path.text.dropFirst("/store/".count))") }
        callCount += 1
        guard let fault, fault.index == callCount - 1 else { return try body() }
        if fault.happens { _ = try body() }
        throw StorageError(fault.kind, call: call, path: path)
    }

    /// The disk as a power cut leaves it: only what is durable, under names that are durable.
    func afterPowerCut() -> MemoryDisk {
        let disk = MemoryDisk()
        for (path, entry) in durableEntries.sorted(by: { $0.key < $1.key }) {
            guard path == "/" || disk.entries[FilePath(path).parent.text] != nil else { continue }
            disk.put(path, entry, \.durable)
        }
        return disk
    }

    /// The disk as the end of the process leaves it: everything.
    func afterKill() -> MemoryDisk {
        let disk = MemoryDisk()
        for (path, entry) in entries { disk.put(path, entry, \.bytes) }
        return disk
    }

    private func put(_ path: String, _ entry: Entry, _ bytes: KeyPath<Node, [UInt8]>) {
        var copy = Entry.directory
        if case .file(let node) = entry {
            let new = Node()
            new.bytes = node[keyPath: bytes]
            new.durable = new.bytes
            copy = .file(new)
        }
        entries[path] = copy
        durableEntries[path] = copy
    }

    /// The bytes of a file, for the test to look at and to damage.
    subscript(_ path: String) -> [UInt8]? {
        get {
            guard case .file(let node)? = entries[path] else { return nil }
            return node.bytes
        }
        set {
            guard let newValue else {
                entries[path] = nil
                durableEntries[path] = nil
                return
            }
            let node = Node()
            node.bytes = newValue
            node.durable = newValue
            entries[path] = .file(node)
            durableEntries[path] = .file(node)
        }
    }

    func node(_ path: FilePath, _ call: String) throws(StorageError) -> Node {
        guard case .file(let node)? = entries[path.text] else {
            throw StorageError(.notFound, call: call, path: path)
        }
        return node
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        let creates = mode == .create
        return try perform(creates ? "create" : "open", path, changes: mode != .read) {
            () throws(StorageError) -> any StoredFile in
            if creates {
                try requireFree(path, "open")
                entries[path.text] = .file(Node())
            }
            return MemoryFile(disk: self, path: path, node: try node(path, "open"))
        }
    }

    private func requireFree(_ path: FilePath, _ call: String) throws(StorageError) {
        guard entries[path.text] == nil else { throw StorageError(.exists, call: call, path: path) }
        guard case .directory? = entries[path.parent.text] else {
            throw StorageError(.notFound, call: call, path: path)
        }
    }

    func rename(_ from: FilePath, to: FilePath) throws(StorageError) {
        try perform("rename \(from.name) to", to) { () throws(StorageError) in
            guard case .directory? = entries[to.parent.text] else {
                throw StorageError(.notFound, call: "rename", path: to)
            }
            entries[to.text] = .file(try node(from, "rename"))
            entries[from.text] = nil
        }
    }

    func link(_ from: FilePath, to: FilePath) throws(StorageError) {
        try perform("link", to) { () throws(StorageError) in
            try requireFree(to, "link")
            entries[to.text] = .file(try node(from, "link"))
        }
    }

    func remove(_ path: FilePath) throws(StorageError) {
        try perform("remove", path) { () throws(StorageError) in
            _ = try node(path, "unlink")
            entries[path.text] = nil
        }
    }

    func createDirectory(_ path: FilePath) throws(StorageError) {
        try perform("mkdir", path) { () throws(StorageError) in
            try requireFree(path, "mkdir")
            entries[path.text] = .directory
        }
    }

    func removeDirectory(_ path: FilePath) throws(StorageError) {
        try perform("rmdir", path) { () throws(StorageError) in entries[path.text] = nil }
    }

    func list(_ path: FilePath) throws(StorageError) -> [String] {
        try perform("list", path, changes: false) {
            () throws(StorageError) -> [String] in children(of: path, in: entries)
        }
    }

    private func children(of path: FilePath, in entries: [String: Entry]) -> [String] {
        entries.keys.filter { $0 != "/" && FilePath($0).parent == path }
            .map { FilePath($0).name }
    }

    func status(_ path: FilePath) throws(StorageError) -> FileStatus? {
        try perform("stat", path, changes: false) { () throws(StorageError) -> FileStatus? in
            switch entries[path.text] {
            case .directory?: FileStatus(isDirectory: true, byteCount: 0)
            case .file(let node)?:
                FileStatus(isDirectory: false, byteCount: UInt64(node.bytes.count))
            case nil: nil
            }
        }
    }

    func syncDirectory(_ path: FilePath) throws(StorageError) {
        try perform("syncdir", path) { () throws(StorageError) in
            guard case .directory? = entries[path.text] else {
                throw StorageError(.notFound, call: "open", path: path)
            }
            for name in children(of: path, in: durableEntries) {
                durableEntries[path.appending(name).text] = nil
            }
            for name in children(of: path, in: entries) {
                let child = path.appending(name).text
                durableEntries[child] = entries[child]
            }
        }
    }

    func lock(_ path: FilePath) throws(StorageError) -> any FileLock {
        throw StorageError(.notPermitted, call: "lock", path: path)
    }

    func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64 { 1 << 30 }
}

/// An open file of a ``MemoryDisk``.
final class MemoryFile: StoredFile, @unchecked Sendable {
    // Invariant for Sendable: a test uses its disk from one thread.
    let disk: MemoryDisk
    let path: FilePath
    let node: MemoryDisk.Node

    init(disk: MemoryDisk, path: FilePath, node: MemoryDisk.Node) {
        self.disk = disk
        self.path = path
        self.node = node
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError)
        -> Int
    {
        try disk.perform("read", path, changes: false) { () throws(StorageError) -> Int in
            // At most 100 bytes at once, so that short reads happen.
            let part = node.bytes.dropFirst(Int(offset)).prefix(min(buffer.count, 100))
            unsafe buffer.copyBytes(from: part)
            return part.count
        }
    }

    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
        try disk.perform("write", path) { () throws(StorageError) -> Int in
            let count = min(buffer.count, 200)
            let end = Int(offset) + count
            if node.bytes.count < end {
                node.bytes += [UInt8](repeating: 0, count: end - node.bytes.count)
            }
            for index in 0..<count { node.bytes[Int(offset) + index] = unsafe buffer[index] }
            return count
        }
    }

    func sync(_ kind: SyncKind) throws(StorageError) {
        try disk.perform("sync", path) { () throws(StorageError) in node.durable = node.bytes }
    }

    func preallocate(_ range: Range<UInt64>) throws(StorageError) {}

    func truncate(to byteCount: UInt64) throws(StorageError) {}

    func byteCount() throws(StorageError) -> UInt64 {
        try disk.perform("fstat", path, changes: false) {
            () throws(StorageError) -> UInt64 in UInt64(node.bytes.count)
        }
    }

    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes {
        throw StorageError(.notPermitted, call: "mmap", path: path)
    }

    func close() throws(StorageError) {
        try disk.perform("close", path, changes: false) { () throws(StorageError) in }
    }
}
