// What stands on a simulated disk, in one number.

import Synchronization

extension SimulatedFileSystem {
    /// A hash over everything that calls can see now or after a crash: names, bytes, and which of
    /// them are durable; equal for two disks of the same contents, however they have come by them.
    public var contentHash: UInt64 {
        state.withLock { state in
            var walk = ContentWalk()
            walk.add(state.root)
            walk.hash.add(state.pendingNames.count)
            for change in state.pendingNames { walk.add(change) }
            return walk.hash.value
        }
    }
}

/// A walk over all nodes in the order of their names; each node is known by when it was first met.
private struct ContentWalk {
    var hash = HistoryHash()
    private var ranks: [Int: Int] = [:]

    /// Adds the node's rank; whether it is met for the first time.
    private mutating func meets(_ number: Int) -> Bool {
        let rank = ranks[number] ?? ranks.count
        hash.add(rank)
        return ranks.updateValue(rank, forKey: number) == nil
    }

    mutating func add(_ directory: DirectoryNode) {
        guard meets(directory.number) else { return }
        for names in [directory.live, directory.durable] {
            hash.add(names.count)
            for (name, node) in names.sorted(by: { $0.key < $1.key }) {
                hash.add(name)
                add(node)
            }
        }
    }

    private mutating func add(_ node: DiskNode) {
        switch node {
        case .directory(let directory): add(directory)
        case .file(let file): add(file)
        }
    }

    private mutating func add(_ file: FileNode) {
        guard meets(file.number) else { return }
        file.live.add(to: &hash)
        hash.add(file.pending.count)
        hash.add(file.hasLostChanges ? 1 : 0)
        hash.add(file.writebackFailureCount)
        guard !file.pending.isEmpty || file.hasLostChanges else { return }
        file.durable.add(to: &hash)
        for change in file.pending {
            hash.add(change.operationIndex)
            switch change.kind {
            case .write(let offset, let bytes):
                hash.add(offset)
                unsafe bytes.withUnsafeBytes { unsafe hash.add($0) }
            case .resize(let byteCount): hash.add(-1 - byteCount)
            }
        }
    }

    mutating func add(_ change: NameChange) {
        hash.add(change.isDurable ? 1 : 0)
        for name in change.names {
            _ = meets(name.directory.number)
            hash.add(name.name)
        }
        if let (_, node) = change.linked { add(node) }
    }
}
