// A walk over one segment among several that share what they find.

public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

/// What one of several walks works with and has found.
@safe final class JoinedWalk {
    let scratch = WalkScratch()
    /// The rows that may be results; nil: nearly all may.
    var live: RowMask?
    /// Where it walks, and by which products; nil between searches.
    var resident: ResidentWalk?
    var table: QueryTable?
    var pace = WalkPace(lead: 1, slack: 0, seedGroupCount: 0)
    var liftNorm2: Float = 0
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
    /// Begins a search of several segments together that asks for `k` rows.
    public func beginTogether(k: Int) {
        // After an error the last search may not have been ended.
        for walk in joinedWalks { walk.leave() }
        nearest.reset(limit: SegmentReader.candidateCount(k: k))
    }

    /// Takes the distance of a row found elsewhere.
    public func know(_ distance: Float) {
        nearest.insert(distance, slot: NearestAcross.elsewhere)
    }

    /// The walk in place `slot`, made when it is first asked for.
    func joinedWalk(_ slot: Int) -> JoinedWalk {
        while joinedWalks.count <= slot { joinedWalks.append(JoinedWalk()) }
        return joinedWalks[slot]
    }

    /// Leaves walk `slot` out from now on.
    public func forget(_ slot: Int) { joinedWalk(slot).leave() }

    /// Has all walks that have joined go to their ends; false if one came to a damaged block, which
    /// ``SegmentReader/keepFound(_:slot:deleted:statistics:isLive:)`` of its segment tells.
    public func walkTogether(k: Int) -> Bool {
        let walks = walksTogether
        walks.begin(count: joinedWalks.count, rank: k)
        for place in 0..<min(k, nearest.count) {
            guard let distance = nearest.distance(rank: place) else { break }
            walks.know(vector.codeDistance(distance, liftNorm2: 0))
        }
        for walk in joinedWalks {
            guard let resident = walk.resident, let table = walk.table else { continue }
            // The rank counts rows of other segments, too: this one may have fewer.
            var rule = WalkRule(
                resultCount: SegmentReader.candidateCount(k: k), stopRank: k,
                slack: walk.pace.slack)
            rule.lead = walk.pace.lead
            rule.seedGroupCount = walk.pace.seedGroupCount
            let offset =
                vector.codeDistance(0, liftNorm2: walk.liftNorm2)
                - vector.codeDistance(0, liftNorm2: 0)
            unsafe walks.add(
                resident.graph, vector.bytes, table: table.view, rule: rule,
                live: walk.live?.words, offset: offset, scratch: walk.scratch)
        }
        walks.run()
        return joinedWalks.allSatisfy { $0.resident == nil || !$0.scratch.wasRefused }
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
            let walk = joinedWalk(slot)
            for index in walk.gathered {
                body(
                    slot, unsafe RowOrdinal(room.rows[index]),
                    vector.distance(unsafe room.distances[index]))
            }
            walk.leave()
        }
    }
}
