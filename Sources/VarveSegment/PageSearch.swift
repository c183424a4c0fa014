// What a search over node pages works with: the walk, the rotated query, the pages at hand.

import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

/// The working memory of searches over pages, kept from query to query.
@safe final class PageSearch {
    /// The walk.
    let walk = PageWalk()
    /// Squared distances of the records of one page, as the walk compares them.
    let distances: UnsafeMutablePointer<Float>
    /// The frames of the round under way; memory used again by every round.
    private(set) var frames: [UnsafeMutableRawBufferPointer] = unsafe []
    private let arena = PageArena()
    private var reader: BatchReader?
    private var requests: [ReadRequest] = []
    private var completions: [ReadCompletion] = []
    private var queries: [(rotation: Rotation, query: RowCodeQuery, generation: Int)] = []
    private let rotated: GrowingFloats

    /// Reads under way at most.
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

    /// Gives all frames back for the next search.
    func releaseFrames() { arena.releaseAll() }

    /// Puts a frame of `byteCount` bytes for each of `count` pages into ``frames``; where there are
    /// not enough, the walk forgets all its pages, to read those it needs again.
    func takeFrames(_ count: Int, byteCount: Int) throws(SegmentError) {
        unsafe frames.removeAll(keepingCapacity: true)
        while unsafe frames.count < count {
            if let frame = unsafe try arena.frame(byteCount: byteCount) {
                unsafe frames.append(frame)
            } else {
                walk.forgetPages()
                arena.releaseAll()
                unsafe frames.removeAll(keepingCapacity: true)
            }
        }
    }

    /// Reads all of `count` buffers of `file` and waits for them: one submission.
    ///
    /// - Parameter request: The place and the buffer of read `index`.
    func read(
        _ count: Int, of file: any StoredFile, name: String,
        request: (Int) -> (offset: UInt64, buffer: UnsafeMutableRawBufferPointer)
    ) throws(SegmentError) {
        requests.removeAll(keepingCapacity: true)
        completions.removeAll(keepingCapacity: true)
        for index in 0..<count {
            let (offset, buffer) = unsafe request(index)
            requests.append(
                unsafe ReadRequest(offset: offset, buffer: buffer, tag: UInt64(index)))
        }
        if reader == nil { reader = BatchReader(depth: PageWalk.roundPageLimit) }
        reader?.submit(requests.span, of: file)
        reader?.reap(atLeast: count, into: &completions)
        for completion in completions {
            if let error = completion.error { throw .storage(error) }
            let request = requests[Int(completion.tag)]
            guard unsafe completion.byteCount == request.buffer.count else {
                throw SegmentContainer.endsEarly(
                    name, at: request.offset + UInt64(completion.byteCount))
            }
        }
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
