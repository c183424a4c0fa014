// A lock on a simulated disk.

import Synchronization
import VarveStorage

/// A lock kept in memory: it ends with its object, and a disk after a crash knows nothing of it.
final class SimulatedLock: FileLock {
    private let disk: SimulatedFileSystem
    private let nodeNumber: Int
    private let isHeld = Atomic(true)

    init(_ disk: SimulatedFileSystem, nodeNumber: Int) {
        self.disk = disk
        self.nodeNumber = nodeNumber
    }

    deinit { release() }

    func release() {
        guard isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
        disk.state.withLock { _ = $0.lockedNodes.remove(nodeNumber) }
    }
}
