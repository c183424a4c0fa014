// Taking a batch of rows into a growing graph.

internal import CKernels
internal import Synchronization
public import VarveStorage

extension GrowingGraph {
    /// Where the batch that starts at row `indexed` ends, if that many rows are there.
    public static func nextBatchEnd(indexed: Int) -> Int {
        BatchSchedule.nextBatchEnd(indexed: indexed)
    }

    /// Inserts the rows from ``indexedRowCount`` to `end` in batches by the schedule, the last one
    /// cut at `end`.
    ///
    /// A row count that ends a batch of the schedule leaves the graph as if more rows had been
    /// there; any other is for the end of growth.
    public func insert(upTo end: Int, runtime: any Runtime, threadCount: Int) {
        while indexedRowCount < end {
            let next = min(end, Self.nextBatchEnd(indexed: indexedRowCount))
            insertBatch(upTo: next, runtime: runtime, threadCount: threadCount)
        }
    }

    /// Inserts the rows from ``indexedRowCount`` to `end`, which lie in one batch of the schedule.
    ///
    /// Every row searches the graph as it was, then all new links are made. The rows must be
    /// complete in the table, written before by this thread or one it has synchronised with.
    public func insertBatch(upTo end: Int, runtime: any Runtime, threadCount: Int) {
        let first = indexed.load(ordering: .relaxed)
        precondition(end > first && end <= capacity, "a batch has rows, and the graph room")
        precondition(end <= Self.nextBatchEnd(indexed: first), "a batch keeps to the schedule")
        defer {
            indexed.store(end, ordering: .releasing)
            moveEntry(rowCount: end)
        }
        if first == 0 { return }
        let batch = InsertBatch(graph: self, first: first, end: end)
        let chunk = 32
        let chunkCount = (end - first + chunk - 1) / chunk
        runtime.parallel(count: chunkCount, threadCount: threadCount) { index in
            let rows = first + index * chunk..<min(end, first + (index + 1) * chunk)
            self.scratches.use { batch.choose(rows: rows, scratch: $0) }
        }
        let targetCount = batch.group()
        let targetChunkCount = (targetCount + 63) / 64
        runtime.parallel(count: targetChunkCount, threadCount: threadCount) { index in
            self.scratches.use { scratch in
                for target in index * 64..<min(targetCount, (index + 1) * 64) {
                    batch.apply(target: target, scratch: scratch)
                }
            }
        }
    }

    /// Chooses a new entry each time the graph has doubled: a row near the mean is near everything.
    private func moveEntry(rowCount: Int) {
        guard rowCount >= 2 * entryRowCount else { return }
        entryRowCount = rowCount
        entry.store(
            nearestToMean(space, rowCount: rowCount, sampleLimit: 1_024), ordering: .relaxed)
    }
}

/// One batch on its way into the graph: what each new row chose, and the links back by target.
@safe private final class InsertBatch: @unchecked Sendable {
    // Invariant for Sendable: parallel steps write disjoint rows or targets; group() runs between
    // them.

    let graph: GrowingGraph
    let first: Int
    let rowCount: Int
    private let lists: vg_graph
    private let mates: PackedLeaf
    private let selections: UnsafeMutablePointer<UInt64>
    private let selectionCounts: UnsafeMutablePointer<UInt16>
    private let offers: UnsafeMutablePointer<UInt64>
    private let targets: UnsafeMutablePointer<UInt32>
    private let starts: UnsafeMutablePointer<UInt32>

    init(graph: GrowingGraph, first: Int, end: Int) {
        self.graph = graph
        self.first = first
        rowCount = end - first
        let edgeLimit = rowCount * graph.parameters.maxDegree
        unsafe lists = graph.graph(rowLimit: first)
        let mates = PackedLeaf(space: graph.space)
        if rowCount > 1 && graph.parameters.batchMateCount > 0 {
            unsafe (first..<end).map { UInt32($0) }.withUnsafeBufferPointer {
                unsafe mates.pack($0)
            }
        }
        self.mates = mates
        unsafe selections = .allocate(capacity: edgeLimit)
        unsafe selectionCounts = .allocate(capacity: rowCount)
        unsafe offers = .allocate(capacity: edgeLimit)
        unsafe targets = .allocate(capacity: edgeLimit)
        unsafe starts = .allocate(capacity: edgeLimit + 1)
    }

    deinit {
        unsafe selections.deallocate()
        unsafe selectionCounts.deallocate()
        unsafe offers.deallocate()
        unsafe targets.deallocate()
        unsafe starts.deallocate()
    }

    /// Finds and chooses the neighbours of new rows and writes their lists, which no one sees yet.
    func choose(rows: Range<Int>, scratch: SearchScratch) {
        let mates = BatchMates(
            batch: mates, rows: rows, count: min(graph.parameters.batchMateCount, rowCount - 1))
        graph.scratches.addLeafDistances(UInt64(mates.count > 0 ? rowCount * rows.count : 0))
        for row in rows { choose(row: row, mates: mates, scratch: scratch) }
    }

    private func choose(row: Int, mates: borrowing BatchMates, scratch: SearchScratch) {
        let width = UInt32(graph.parameters.buildWidth)
        let rule = vg_search_rule(
            width: width, stop_rank: 1, stop_factor: .infinity, skip_row: UInt32(row))
        let point = unsafe graph.space.point(UInt32(row))
        unsafe graph.search(point, rule: rule, rowLimit: first, scratch: scratch)
        var lists = unsafe lists
        var pruneRule = graph.parameters.pruneRule
        let state = unsafe scratch.pointer
        unsafe vg_take_expanded(state)
        unsafe mates.addCandidates(of: row, to: state)
        unsafe vg_sort_candidates(state, UInt32(row))
        unsafe vg_prune(graph.space.pointer, &pruneRule, state)
        unsafe vg_write_list(&lists, UInt32(row), state)
        let count = Int(unsafe state.pointee.selected_count)
        unsafe selectionCounts[row - first] = UInt16(count)
        guard let selected = unsafe state.pointee.selected else { return }
        let place = unsafe selections + (row - first) * graph.parameters.maxDegree
        unsafe place.update(from: selected, count: count)
    }

    /// Groups all links back by target and answers how many targets there are.
    func group() -> Int {
        Int(
            unsafe vg_group_offers(
                selections, selectionCounts, UInt32(first), UInt32(rowCount),
                UInt32(graph.parameters.maxDegree), graph.counts, targets, starts, offers))
    }

    /// Makes the links back of one target.
    func apply(target: Int, scratch: SearchScratch) {
        let start = unsafe starts[target]
        let count = unsafe starts[target + 1] - start
        var lists = unsafe lists
        var rule = graph.parameters.pruneRule
        unsafe vg_apply_offers(
            graph.space.pointer, &lists, targets[target], offers + Int(start), count,
            UInt32(graph.parameters.slackDegree), &rule, scratch.pointer)
    }
}

/// The rows of its own batch that are nearest to each of some new rows: the graph does not know
/// them yet, and rows that arrive together are often neighbours.
@safe private struct BatchMates: ~Copyable {
    let count: Int
    private let first: Int
    private let best: UnsafeMutablePointer<UInt64>
    private let counts: UnsafeMutablePointer<UInt32>

    init(batch: PackedLeaf, rows: Range<Int>, count: Int) {
        self.count = count
        first = rows.lowerBound
        unsafe best = .allocate(capacity: max(1, rows.count * count))
        unsafe counts = .allocate(capacity: rows.count)
        guard count > 0 else { return }
        unsafe rows.map { UInt32($0) }.withUnsafeBufferPointer {
            unsafe batch.nearest(to: $0, skipsOwn: true, count: count, best: best, counts: counts)
        }
    }

    deinit {
        unsafe best.deallocate()
        unsafe counts.deallocate()
    }

    func addCandidates(of row: Int, to state: UnsafeMutablePointer<vg_scratch>) {
        guard count > 0 else { return }
        let found = Int(unsafe counts[row - first]), there = unsafe state.pointee.candidate_count
        unsafe vg_scratch_reserve_candidates(state, there + UInt32(found))
        guard let candidates = unsafe state.pointee.candidates else { return }
        unsafe (candidates + Int(there)).update(from: best + (row - first) * count, count: found)
        unsafe state.pointee.candidate_count = there + UInt32(found)
    }
}
