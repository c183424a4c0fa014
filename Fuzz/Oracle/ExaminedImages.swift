// Images that have been examined: many faults leave the same disk.

import Synchronization
import VarveStorageSimulation

/// The images of one plan that have stood an exam.
///
/// Two images of one key have the same bytes under the same names, equally durable, and the same
/// may be on them: an exam of the second could only draw other queries.
package final class ExaminedImages: Sendable {
    private let keys = Mutex(Set<Int>())
    private let skipped = Mutex(0)

    package init() {}

    /// Whether an image of that key has been examined; counts it if so.
    func contains(_ key: Int) -> Bool {
        let isKnown = keys.withLock { $0.contains(key) }
        if isKnown { skipped.withLock { $0 += 1 } }
        return isKnown
    }

    /// Notes that an image of that key has stood its exam.
    func insert(_ key: Int) { keys.withLock { _ = $0.insert(key) } }

    /// Images that were not examined again.
    package var skippedCount: Int { skipped.withLock { $0 } }
}

extension DiskImage {
    /// A hash over all that an exam that may cut the power so often depends on, its draws apart.
    func key(_ depth: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(disk.contentHash)
        hasher.combine(model)
        hasher.combine(bounds)
        hasher.combine(isCreated)
        hasher.combine(isDurable)
        hasher.combine(now)
        hasher.combine(recalls)
        hasher.combine(depth)
        return hasher.finalize()
    }
}
