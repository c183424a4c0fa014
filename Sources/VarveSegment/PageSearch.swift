// What a search over node pages works with: the walks, the rotated query, the pages at hand.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

/// The working memory of searches over pages, kept from query to query.
@safe final class PageSearch {
    /// The segments searched together: one where there is one.
    private var slots: [PageSlot] = []
    /// Squared distances of the records of one page, as the walk compares them.
    let distances: UnsafeMutablePointer<Float>
    /// The pages of the round under way, slot by slot.
    private(set) var round: [UInt32] = []
    /// Their frames, empty ones for pages that are mapped; memory used again by every round.
    private(set) var frames: [UnsafeMutableRawBufferPointer] = unsafe []
    /// Pages of a round at most.
    var roundPageLimit = 0
    private var wantedDistances: [Float] = []
    private let arena = PageArena()
    private var reader: BatchReader?
    private var requests: [ReadRequest] = []
    private var completions: [ReadCompletion] = []
    private var queries: [(rotation: Rotation, query: RowCodeQuery, generation: Int)] = []
    private let rotated: GrowingFloats

    /// Pages that one search asks for at a time at most.
    static let roundReadLimit = 16

    /// Memory for pages of up to `pageRowLimit` records.
    init(pageRowLimit: Int) {
        unsafe distances = .allocate(capacity: pageRowLimit)
        unsafe distances.initialize(repeating: 0, count: pageRowLimit)
        rotated = GrowingFloats()
    }

    deinit { unsafe distances.deallocate() }

    /// The query `floats`, number `generation`, ready for codes under `rotation`.
    func codeQuery(
        _ rotation: Rotation, _ floats: UnsafePointer<Float>, generation: Int
    ) -> RowCodeQuery {
        let place: Int
        if let found = queries.firstIndex(where: { $0.rotation === rotation }) {
            place = found
        } else {
            // As many as a store has large segments; the oldest goes.
            if queries.count >= 16 { queries.removeFirst() }
            queries.append((rotation, RowCodeQuery(shape: rotation.shape), 0))
            place = queries.count - 1
        }
        if queries[place].generation != generation {
            let room = unsafe rotated.room(for: rotation.shape.rotatedCount)
            unsafe rotation.apply(floats, into: room)
            unsafe queries[place].query.prepare(rotated: room)
            queries[place].generation = generation
        }
        return queries[place].query
    }

    /// Begins a search: the one before is over, and its frames are free.
    func begin() {
        for slot in slots { slot.end() }
        arena.releaseAll()
        roundPageLimit = 0
    }

    /// Slots there are, in use or not.
    var slotCount: Int { slots.count }

    /// The slot of number `number`, made when it is first asked for.
    func slot(_ number: Int) -> PageSlot {
        while slots.count <= number { slots.append(PageSlot()) }
        return slots[number]
    }

    /// Chooses the pages of the next round, those of the nearest candidates of all; false if none
    /// is near enough.
    func choose() -> Bool {
        round.removeAll(keepingCapacity: true)
        wantedDistances.removeAll(keepingCapacity: true)
        let most = min(roundPageLimit, PageWalk.roundPageLimit)
        for slot in slots where slot.reader != nil {
            slot.walk.appendWanted(
                limit: slot.limit, most: most, less: slot.offset, to: &wantedDistances)
        }
        guard !wantedDistances.isEmpty else { return false }
        var farthest = Float.infinity
        if wantedDistances.count > most {
            wantedDistances.sort()
            farthest = wantedDistances[most - 1]
        }
        take(most) { min($0.limit, (farthest + $0.offset).nextUp) }
        // What rounding has left out is not waited for for ever.
        if round.isEmpty { take(most) { $0.limit } }
        return true
    }

    /// Takes pages of candidates nearer than a limit of their slot into the round.
    private func take(_ most: Int, _ limit: (PageSlot) -> Float) {
        for slot in slots where slot.reader != nil {
            let start = round.count
            // Of candidates equally far, those of later slots wait for the next round.
            unsafe round.append(
                contentsOf: slot.walk.wantedPages(limit: limit(slot), most: most - start))
            slot.round = start..<round.count
        }
    }

    /// Reads the pages of the round into ``frames`` with one wait for all; those of mapped files
    /// stay where they are.
    func readRound() throws(SegmentError) {
        try takeFrames()
        completions.removeAll(keepingCapacity: true)
        if reader == nil { reader = BatchReader(depth: PageWalk.roundPageLimit) }
        for slot in slots {
            guard let segment = slot.reader, !segment.isMapped else { continue }
            requests.removeAll(keepingCapacity: true)
            for index in slot.round {
                requests.append(
                    unsafe ReadRequest(
                        offset: segment.fileOffset(ofPage: round[index]), buffer: frames[index],
                        tag: UInt64(index)))
            }
            reader?.submit(requests.span, of: segment.container.pageFile)
        }
        reader?.reap(atLeast: round.count, into: &completions)
        for completion in completions {
            if let error = completion.error { throw .storage(error) }
        }
    }

    /// Throws where the file of `slot` ended before a page of the round did.
    func checkLengths(_ slot: PageSlot) throws(SegmentError) {
        guard let segment = slot.reader else { return }
        for completion in completions where slot.round.contains(Int(completion.tag)) {
            let index = Int(completion.tag)
            guard unsafe completion.byteCount == frames[index].count else {
                throw SegmentContainer.endsEarly(
                    segment.container.name,
                    at: segment.fileOffset(ofPage: round[index]) + UInt64(completion.byteCount))
            }
        }
    }

    /// Puts a frame for each page of the round into ``frames``; where there are not enough, the
    /// walks forget all their pages, to read those they need again.
    private func takeFrames() throws(SegmentError) {
        while try !takeFramesAtHand() {
            for slot in slots where slot.reader != nil { slot.walk.forgetPages() }
            // An empty arena has room for any round.
            arena.removeAll()
        }
    }

    private func takeFramesAtHand() throws(SegmentError) -> Bool {
        unsafe frames.removeAll(keepingCapacity: true)
        for slot in slots {
            guard let segment = slot.reader else { continue }
            for _ in slot.round {
                guard !segment.isMapped else {
                    unsafe frames.append(UnsafeMutableRawBufferPointer(start: nil, count: 0))
                    continue
                }
                let byteCount = segment.layout.pageByteCount
                guard let frame = unsafe try arena.frame(byteCount: byteCount) else {
                    return false
                }
                unsafe frames.append(frame)
            }
        }
        return true
    }
}

/// Floats that grow.
@safe private final class GrowingFloats {
    private var memory: UnsafeMutablePointer<Float>
    private var count = 0

    init() { unsafe memory = .allocate(capacity: 1) }

    deinit { unsafe memory.deallocate() }

    func room(for wanted: Int) -> UnsafeMutablePointer<Float> {
        if wanted > count {
            unsafe memory.deallocate()
            unsafe memory = .allocate(capacity: wanted)
            count = wanted
        }
        return unsafe memory
    }
}
