// The disks that a crash may leave.

import Synchronization

extension SimulatedFileSystem {
    /// The disk that a power cut at this moment would leave: another disk, sharing nothing.
    ///
    /// May be called at any time, also from the hook of ``onOperation(_:)``, and as often as
    /// wished. On the new disk everything is durable, nothing is locked, nothing is open, and no
    /// rule is in force.
    ///
    /// - Parameters:
    ///   - policy: What becomes of what was not synced.
    ///   - seed: Where the policy leaves a choice, what decides; also the seed of the new disk.
    public func crash(_ policy: CrashPolicy, seed: UInt64) -> SimulatedFileSystem {
        let copy = state.withLock { $0.crashed(policy, seed: seed) }
        return SimulatedFileSystem(copy, seed: seed)
    }

    /// The disk that the end of this process would leave: another disk on which everything is as it
    /// is here, durable or not, save that nothing is locked or open.
    public func kill(seed: UInt64) -> SimulatedFileSystem {
        let copy = state.withLock { $0.killed(seed: seed) }
        return SimulatedFileSystem(copy, seed: seed)
    }
}

extension DiskState {
    /// An empty state with this one's settings.
    private func successor(seed: UInt64) -> DiskState {
        var result = DiskState(seed: seed)
        result.nextNodeNumber = nextNodeNumber
        result.capacity = capacity
        result.fileSyncPublishesName = fileSyncPublishesName
        result.keepsTrace = keepsTrace
        return result
    }

    fileprivate func killed(seed: UInt64) -> DiskState {
        var result = successor(seed: seed)
        var copier = NodeCopier()
        result.root = copier.copy(root)
        result.pendingNames = pendingNames.map { copier.copy($0) }
        return result
    }

    fileprivate func crashed(_ policy: CrashPolicy, seed: UInt64) -> DiskState {
        var generator = SeededGenerator(seed: seed)
        var result = successor(seed: seed)
        var copier = NodeCopier()
        result.root = copier.copy(root)
        let survives = survivingNames(policy.names, &generator)
        for (change, survives) in zip(pendingNames, survives) {
            let copy = copier.copy(change)
            if survives { copy.applyToDurable() }
        }
        let files = copier.files.values.sorted { $0.number < $1.number }
        let cut = laterFileCut(files, &generator)
        for file in files {
            file.durable = file.survivor(policy.content, cut: cut, &generator)
            file.revert()
            file.writebackFailureCount = 0
        }
        for directory in copier.allDirectories { directory.live = directory.durable }
        return result
    }

    /// The moment that parts early files from late ones: just before one of the late ones was last
    /// written.
    private func laterFileCut(_ files: [FileNode], _ generator: inout SeededGenerator) -> Int {
        let moments = files.compactMap { $0.pending.last?.operationIndex }.sorted()
        return moments.isEmpty ? 0 : moments[generator.below(moments.count)]
    }

    /// For every change to names, whether it survives.
    private func survivingNames(
        _ policy: CrashPolicy.Names, _ generator: inout SeededGenerator
    ) -> [Bool] {
        var seen: [Int: Int] = [:]
        let cuts = policy == .prefix ? prefixCuts(&generator) : [:]
        return pendingNames.map { change in
            let survives: Bool
            switch (policy, change.kind) {
            case (.lost, _): survives = false
            case (.kept, _): survives = true
            case (.subset, _): survives = generator.chance(1, in: 2)
            case (.entriesLost, .link), (.renamesLost, .rename): survives = false
            case (.entriesLost, _), (.renamesLost, _): survives = true
            case (.removalsOnly, .unlink): survives = true
            case (.removalsOnly, _): survives = false
            case (.prefix, _):
                var isEarly = true
                for number in change.directoryNumbers {
                    let place = seen[number, default: 0]
                    seen[number] = place + 1
                    isEarly = isEarly && place < cuts[number, default: 0]
                }
                // A rename that does not survive stops its other directory too.
                if !isEarly { for number in change.directoryNumbers { seen[number] = .max / 2 } }
                survives = isEarly
            }
            return survives || change.isDurable
        }
    }

    /// For every directory, how many of its changes survive.
    private func prefixCuts(_ generator: inout SeededGenerator) -> [Int: Int] {
        var counts: [Int: Int] = [:]
        for change in pendingNames {
            for number in change.directoryNumbers { counts[number, default: 0] += 1 }
        }
        var cuts: [Int: Int] = [:]
        for number in counts.keys.sorted() {
            cuts[number] = generator.below(counts[number, default: 0] + 1)
        }
        return cuts
    }
}

extension NameChange {
    /// The directories it changes, each once.
    fileprivate var directoryNumbers: [Int] {
        let numbers = names.map(\.directory.number)
        return numbers.count == 2 && numbers[0] == numbers[1] ? [numbers[0]] : numbers
    }
}
