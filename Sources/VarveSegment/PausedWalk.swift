// A walk over one segment that pauses until the others have come near, too.

public import VarveFormat
import VarveGraph
import VarveKernels

/// What a walk has found when it pauses, and all it needs to go on.
@safe final class PausedWalk {
    let scratch = WalkScratch()
    /// One bit for each row that may be a result; nil: nearly all may.
    var live: [UInt64]?
    /// Where it walks; nil between searches.
    var resident: ResidentWalk?
    /// Results that pass, nearest first: their ranks.
    private var ranks: UnsafeMutablePointer<UInt32>
    private var capacity = 64
    /// How many of them there are.
    private(set) var foundCount = 0
    /// Where those that have been gathered for their exact distances stand.
    var gathered = 0..<0

    init() { unsafe ranks = .allocate(capacity: capacity) }

    deinit { unsafe ranks.deallocate() }

    /// Forgets all results and makes room for `count`.
    func begin(capacity count: Int) {
        (foundCount, gathered) = (0, 0..<0)
        guard count > capacity else { return }
        unsafe ranks.deallocate()
        capacity = count
        unsafe ranks = .allocate(capacity: count)
    }

    /// Takes a result that passes.
    func append(rank: Int) {
        precondition(foundCount < capacity)
        unsafe ranks[foundCount] = UInt32(rank)
        foundCount += 1
    }

    /// The rank in the scratch of the result at `place`.
    func rank(_ place: Int) -> Int {
        precondition(place < foundCount)
        return Int(unsafe ranks[place])
    }
}

extension SegmentQuery {
    /// Begins a search of several segments together that asks for `k` rows.
    public func beginTogether(k: Int) {
        // After an error the last search may not have been ended.
        for walk in pausedWalks { walk.resident = nil }
        nearest.reset(limit: SegmentReader.candidateCount(k: k))
    }

    /// Takes the distance of a row found elsewhere.
    public func know(_ distance: Float) {
        nearest.insert(distance, slot: NearestAcross.elsewhere)
    }

    /// The walk in place `slot`, made when it is first asked for.
    func pausedWalk(_ slot: Int) -> PausedWalk {
        while pausedWalks.count <= slot { pausedWalks.append(PausedWalk()) }
        return pausedWalks[slot]
    }

    /// Leaves what walk `slot` has found out of everything from now on.
    public func forgetPaused(_ slot: Int) {
        pausedWalk(slot).begin(capacity: 0)
        nearest.remove(slot: UInt32(slot))
    }

    /// Makes room for the rows whose exact distances are wanted.
    public func beginGathering() { rerank.begin(capacity: nearest.count) }

    /// Ends a search of `count` segments together: gives the exact distances of the nearest rows,
    /// by codes, of all that ``SegmentReader/gather(_:slot:)`` has gathered.
    public func endTogether(
        of count: Int, _ body: (_ slot: Int, _ row: RowOrdinal, _ distance: Float) -> Void
    ) {
        let room = rerank
        unsafe vector.exact.gather(
            vector.floats, rows: room.vectors, count: room.count, into: room.distances)
        for slot in 0..<count {
            let walk = pausedWalk(slot)
            for index in walk.gathered {
                body(
                    slot, unsafe RowOrdinal(room.rows[index]),
                    vector.distance(unsafe room.distances[index]))
            }
            walk.resident = nil
        }
    }
}
