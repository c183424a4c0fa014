// The calls of a file system, played on a simulated disk.

public import VarveStorage

extension SimulatedFileSystem {
    public func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        let call: DiskCall = mode == .create ? .create : .open
        return try perform(call, path) { state, _ throws(StorageError) in
            let node =
                mode == .create
                ? try state.create(path, call) : try state.existingFile(path, call)
            return SimulatedFile(self, node, path, mode, &state)
        }
    }

    public func rename(_ from: FilePath, to: FilePath) throws(StorageError) {
        try perform(.rename, from, target: to) { state, _ throws(StorageError) in
            let source = try state.name(from, .rename)
            let target = try state.name(to, .rename)
            guard let node = source.directory.live[source.name] else {
                throw state.failure(ErrorNumber.notFound, .rename, from)
            }
            if let old = target.directory.live[target.name] {
                if old.number == node.number { return }
                if case .directory = old {
                    throw state.failure(ErrorNumber.isDirectory, .rename, to)
                }
                if case .directory = node {
                    throw state.failure(ErrorNumber.notDirectory, .rename, to)
                }
            }
            state.change(.rename(from: source, to: target, node))
        }
    }

    public func link(_ from: FilePath, to: FilePath) throws(StorageError) {
        try perform(.link, from, target: to) { state, _ throws(StorageError) in
            let node = try state.existingFile(from, .link)
            let target = try state.name(to, .link)
            guard target.directory.live[target.name] == nil else {
                throw state.failure(ErrorNumber.exists, .link, to)
            }
            state.change(.link(target, .file(node)))
        }
    }

    public func remove(_ path: FilePath) throws(StorageError) {
        try perform(.remove, path) { state, _ throws(StorageError) in
            let name = try state.name(path, .remove)
            switch name.directory.live[name.name] {
            case .file: state.change(.unlink(name))
            case .directory: throw state.failure(ErrorNumber.isDirectory, .remove, path)
            case nil: throw state.failure(ErrorNumber.notFound, .remove, path)
            }
        }
    }

    public func createDirectory(_ path: FilePath) throws(StorageError) {
        try perform(.createDirectory, path) { state, _ throws(StorageError) in
            guard state.node(path) == nil else {
                throw state.failure(ErrorNumber.exists, .createDirectory, path)
            }
            let name = try state.name(path, .createDirectory)
            let node = DirectoryNode(number: state.makeNodeNumber())
            state.change(.link(name, .directory(node)))
        }
    }

    public func removeDirectory(_ path: FilePath) throws(StorageError) {
        try perform(.removeDirectory, path) { state, _ throws(StorageError) in
            let node = try state.directory(path, .removeDirectory)
            guard node.live.isEmpty else {
                throw state.failure(ErrorNumber.notEmpty, .removeDirectory, path)
            }
            state.change(.unlink(try state.name(path, .removeDirectory)))
        }
    }

    public func list(_ path: FilePath) throws(StorageError) -> [String] {
        try perform(.list, path) { state, _ throws(StorageError) in
            let names = try state.directory(path, .list).live.keys.sorted()
            return state.listGenerator.shuffled(names)
        }
    }

    public func status(_ path: FilePath) throws(StorageError) -> FileStatus? {
        try perform(.status, path) { state, _ in
            switch state.node(path) {
            case .file(let node):
                FileStatus(isDirectory: false, byteCount: UInt64(node.live.byteCount))
            case .directory: FileStatus(isDirectory: true, byteCount: 0)
            case nil: nil
            }
        }
    }

    public func syncDirectory(_ path: FilePath) throws(StorageError) {
        try perform(.syncDirectory, path) { state, _ throws(StorageError) in
            let directory = try state.directory(path, .syncDirectory)
            state.makeDurable { change in
                change.names.contains { $0.directory === directory }
            }
        }
    }

    public func lock(_ path: FilePath) throws(StorageError) -> any FileLock {
        try perform(.lock, path) { state, _ throws(StorageError) in
            let node =
                state.node(path) == nil
                ? try state.create(path, .lock) : try state.existingFile(path, .lock)
            guard state.lockedNodes.insert(node.number).inserted else {
                throw StorageError(.locked, call: DiskCall.lock.systemName, path: path)
            }
            return SimulatedLock(self, nodeNumber: node.number)
        }
    }

    public func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64 {
        try perform(.freeByteCount, path) { state, _ in
            guard let capacity = state.capacity else { return 1 << 40 }
            return UInt64(max(0, capacity - state.usedByteCount))
        }
    }
}

extension DiskState {
    /// Makes an empty file under a name that is free.
    fileprivate mutating func create(_ path: FilePath, _ call: DiskCall) throws(StorageError)
        -> FileNode
    {
        let name = try name(path, call)
        guard name.directory.live[name.name] == nil else {
            throw failure(ErrorNumber.exists, call, path)
        }
        let node = FileNode(number: makeNodeNumber())
        change(.link(name, .file(node)))
        return node
    }

    /// The file at `path`.
    fileprivate func existingFile(_ path: FilePath, _ call: DiskCall) throws(StorageError)
        -> FileNode
    {
        switch node(path) {
        case .file(let node): return node
        case .directory: throw failure(ErrorNumber.isDirectory, call, path)
        case nil: throw failure(ErrorNumber.notFound, call, path)
        }
    }
}
