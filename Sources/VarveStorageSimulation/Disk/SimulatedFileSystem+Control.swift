// What a test asks and sets, past the calls and their faults.

import Synchronization
public import VarveStorage

extension SimulatedFileSystem {
    // MARK: - Operations

    /// How many mutating calls there have been.
    public var operationCount: Int { state.withLock { $0.operationCount } }

    /// The mutating calls so far, in order.
    public var trace: [DiskOperation] { state.withLock { $0.trace } }

    /// A hash over all mutating calls so far: their order, arguments, bytes and outcomes.
    public var traceHash: UInt64 { state.withLock { $0.hash.value } }

    /// Whether calls are added to ``trace``; the hash is kept in any case.
    public var keepsTrace: Bool {
        get { state.withLock { $0.keepsTrace } }
        set { state.withLock { $0.keepsTrace = newValue } }
    }

    /// Has `hook` called before each mutating call is done; nil ends it.
    ///
    /// The hook may crash this disk and look at it, but must not make mutating calls to it.
    public func onOperation(_ hook: (@Sendable (DiskOperation) -> Void)?) {
        state.withLock { $0.onOperation = hook }
    }

    /// Has `observer` called after each mutating call, with what came of it.
    public func observe(_ observer: @escaping @Sendable (DiskOperation) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    // MARK: - Settings

    /// How many bytes of files fit on the disk; nil for no limit.
    public var capacity: Int? {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    /// Whether syncing a file also makes its names durable, as ext4 happens to; false unless set.
    public var fileSyncPublishesName: Bool {
        get { state.withLock { $0.fileSyncPublishesName } }
        set { state.withLock { $0.fileSyncPublishesName = newValue } }
    }

    // MARK: - Inspection

    /// How many files are open.
    public var openFileCount: Int { state.withLock { $0.openFileCount } }

    /// The paths of all files, sorted.
    public var filePaths: [FilePath] {
        state.withLock { state in
            var result: [FilePath] = []
            var directories = [(FilePath(""), state.root)]
            while let (path, directory) = directories.popLast() {
                for (name, node) in directory.live {
                    let inner = FilePath(path.text + "/" + name)
                    switch node {
                    case .file: result.append(inner)
                    case .directory(let next): directories.append((inner, next))
                    }
                }
            }
            return result.sorted { $0.text < $1.text }
        }
    }

    /// The bytes that reads see in the file at `path`; nil if there is none.
    public func bytes(_ path: FilePath) -> [UInt8]? {
        state.withLock { $0.file(path)?.live.allBytes }
    }

    /// The bytes of the file at `path` that a power cut cannot take; nil if there is no such file.
    public func durableBytes(_ path: FilePath) -> [UInt8]? {
        state.withLock { $0.file(path)?.durable.allBytes }
    }

    /// Whether the file at `path` is safe from a power cut as it is: all its bytes synced, and its
    /// name and those of the directories above it.
    public func isDurable(_ path: FilePath) -> Bool {
        state.withLock { state in
            guard let file = state.file(path) else { return false }
            return file.pending.isEmpty && !file.hasLostChanges && state.isNameDurable(path)
        }
    }

    /// Whether bytes `range` of the file at `path`, and its name, are safe from a power cut.
    public func isDurable(_ path: FilePath, _ range: Range<Int>) -> Bool {
        state.withLock { state in
            guard let file = state.file(path), state.isNameDurable(path) else { return false }
            return file.durable.isEqual(file.live, in: range)
        }
    }

    /// Whether the name at `path` and those above it are safe from a power cut.
    public func isNameDurable(_ path: FilePath) -> Bool {
        state.withLock { $0.isNameDurable(path) }
    }

    /// What tells the file at `path` from all others whatever its name; nil if there is none.
    public func fileNumber(_ path: FilePath) -> Int? { state.withLock { $0.file(path)?.number } }
}

extension DiskState {
    /// The file at `path`; nil if there is none.
    func file(_ path: FilePath) -> FileNode? {
        guard case .file(let node) = node(path) else { return nil }
        return node
    }

    func isNameDurable(_ path: FilePath) -> Bool {
        var directory = root
        for part in Self.components(path) {
            let name = DiskName(directory: directory, name: part)
            guard let live = directory.live[part], durableNode(name)?.number == live.number,
                !pendingNames.contains(where: { change in
                    !change.isDurable && change.names.contains { $0.isSame(name) }
                })
            else { return false }
            if case .directory(let next) = live { directory = next }
        }
        return true
    }
}
