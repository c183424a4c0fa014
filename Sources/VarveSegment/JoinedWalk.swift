// A walk over one segment among several that share what they find.

public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

/// What one of several walks works with and has found.
@safe final class JoinedWalk {
    let scratch = WalkScratch()
    /// The rows that may be results; nil: nearly all may.
    private var live: RowMask?
    /// Where it walks, and by which products; nil between searches.
    private(set) var resident: ResidentWalk?
    private var table: QueryTable?
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

    /// Keeps what the walk reads until ``leave()``.
    func keep(_ resident: ResidentWalk, _ table: QueryTable, live: RowMask?) {
        (self.live, self.resident, self.table) = (live, resident, table)
    }

    /// Forgets where it walks.
    func leave() {
        begin(capacity: 0)
        (live, resident, table) = (nil, nil, nil)
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
    /// Begins a search of at most `count` segments together that asks for `k` rows.
    public func beginTogether(k: Int, count: Int) {
        while joinedWalks.count < count { joinedWalks.append(JoinedWalk()) }
        nearest.reset(limit: SegmentReader.candidateCount(k: k))
        walksTogether.begin(count: count, rank: k)
    }

    /// Takes the distance of a row found elsewhere.
    public func know(_ distance: Float) {
        nearest.insert(distance, slot: NearestAcross.elsewhere)
    }

    /// Leaves walk `slot` out from now on.
    public func forget(_ slot: Int) { joinedWalks[slot].leave() }

    /// Has all walks that have joined go to their ends; false if one came to a damaged block, which
    /// ``SegmentReader/keepFound(_:slot:deleted:statistics:isLive:)`` of its segment tells.
    public func walkTogether() -> Bool {
        for place in 0..<nearest.count {
            guard let distance = nearest.distance(rank: place) else { break }
            walksTogether.know(vector.codeDistance(distance, liftNorm2: 0))
        }
        walksTogether.run()
        return joinedWalks.allSatisfy { $0.resident == nil || !$0.scratch.wasRefused }
    }

    /// Makes room for the rows whose exact distances are wanted.
    public func beginGathering() { rerank.begin(capacity: nearest.count) }

    /// Gives the exact distances of the nearest rows, by codes, of all that
    /// ``SegmentReader/gather(_:slot:statistics:)`` has gathered, of `count` segments.
    public func takeTogether(
        of count: Int, _ body: (_ slot: Int, _ row: RowOrdinal, _ distance: Float) -> Void
    ) {
        let room = rerank
        unsafe vector.exact.gather(
            vector.floats, rows: room.vectors, count: room.count, into: room.distances)
        for slot in 0..<count {
            let walk = joinedWalks[slot]
            for index in walk.gathered {
                body(
                    slot, unsafe RowOrdinal(room.rows[index]),
                    vector.distance(unsafe room.distances[index]))
            }
        }
    }

    /// Ends a search of several segments together, whether it came to its end or not: lets go of
    /// the segments.
    public func endTogether() {
        for walk in joinedWalks { walk.leave() }
    }
}
