// A walk over one segment that pauses until the others have come near, too.

import VarveFormat
import VarveGraph

/// What a walk has found when it pauses, and all it needs to go on.
final class PausedWalk {
    let scratch = WalkScratch()
    /// One bit for each row that may be a result; nil: nearly all may.
    var live: [UInt64]?
    /// Results that pass, nearest first: their ranks and about how far they are by the metric.
    var found: [(rank: Int, distance: Float)] = []
    /// How many of them have been taken, by whoever looks through all walks in order.
    var takenCount = 0
}

extension SegmentQuery {
    /// The walk in place `slot`, made when it is first asked for.
    func pausedWalk(_ slot: Int) -> PausedWalk {
        while pausedWalks.count <= slot { pausedWalks.append(PausedWalk()) }
        return pausedWalks[slot]
    }

    /// Leaves what walk `slot` has found out of everything from now on.
    public func forgetPaused(_ slot: Int) { pausedWalk(slot).found.removeAll() }

    /// The distances of the `count` nearest rows of the first `walkCount` walks, ascending, those
    /// of walk `excluded` left out; counts for each walk how many of them are its own.
    public func nearestPaused(
        count: Int, of walkCount: Int, excluding excluded: Int? = nil, into known: inout [Float]
    ) {
        known.removeAll(keepingCapacity: true)
        for slot in 0..<walkCount { pausedWalks[slot].takenCount = 0 }
        while known.count < count {
            var best: (slot: Int, distance: Float)?
            for slot in 0..<walkCount where slot != excluded {
                let walk = pausedWalks[slot]
                guard walk.takenCount < walk.found.count else { continue }
                let distance = walk.found[walk.takenCount].distance
                if let nearest = best, nearest.distance <= distance { continue }
                best = (slot, distance)
            }
            guard let best else { return }
            pausedWalks[best.slot].takenCount += 1
            known.append(best.distance)
        }
    }
}
