// Taking rows into the largest graph by searching it.

internal import CKernels

/// The stage that absorbs all sources but the largest into it, larger ones first, in batches.
///
/// Every row of a batch searches the graph as the batches before left it and chooses among what it
/// finds and its own neighbours; then links back are made. A row whose neighbours of the same
/// source have searched already begins where they ended. All lists stay where they are.
final class AbsorbStage: MergeStage {
    private let state: MergeState
    /// The rows to absorb, batch by batch.
    private let batches: [[UInt32]]
    private let search: AbsorbSearch
    private var nextBatch = 0
    private var done = 0
    private let total: Int
    /// Batches at most: a graph of degree 32 makes 2^21 offers of one.
    private static let batchRowCount = 1 << 16

    init(_ state: MergeState) {
        self.state = state
        search = AbsorbSearch(state)
        let retained = state.retained
        let others = state.sources.indices.filter { $0 != state.largest }.sorted {
            (-state.ranges[$0].count, $0) < (-state.ranges[$1].count, $1)
        }
        let seed = state.parameters.graph.seed
        let batchRowCount = min(
            Self.batchRowCount,
            max(1 << 10, state.parameters.memoryByteLimit / (16 * state.own.maxDegree)))
        var batches: [[UInt32]] = []
        for index in others where !state.ranges[index].isEmpty {
            let rows = state.ranges[index].map { UInt32($0) }.sorted {
                (rowHash($0, salt: seed), $0) < (rowHash($1, salt: seed), $1)
            }
            for first in stride(from: 0, to: rows.count, by: batchRowCount) {
                batches.append(Array(rows[first..<min(rows.count, first + batchRowCount)]))
            }
        }
        self.batches = batches
        total = state.rowCount - retained.count
    }

    var weight: Double { 95 }

    var share: Double { total == 0 ? 1 : Double(done) / Double(total) }

    func step(threadCount: Int) {
        let batch = batches[nextBatch]
        let choices = AdjacencyStorage(rowCount: batch.count, maxDegree: state.own.maxDegree)
        // The first sixteenth finds its own way; then each wave doubles what is done.
        var first = 0
        var end = max(1, batch.count / 16)
        while first < batch.count {
            if batch.count - end < batch.count / 16 { end = batch.count }
            search.run(batch, first..<end, into: choices, threadCount: threadCount)
            (first, end) = (end, min(batch.count, 2 * end))
        }
        link(batch, choices, threadCount: threadCount)
        done += batch.count
        nextBatch += 1
    }

    // MARK: - Links back

    private func link(
        _ batch: [UInt32], _ choices: AdjacencyStorage, threadCount: Int
    ) {
        let own = state.own
        for (index, row) in batch.enumerated() {
            let degree = choices.degree(index)
            unsafe own.list(Int(row)).update(from: choices.list(index), count: degree)
            unsafe own.degrees[Int(row)] = UInt16(degree)
        }
        var graph = unsafe own.graph
        let counts = SharedWords(count: own.rowCount)
        unsafe vg_count_marked(&graph, batch, 0, UInt32(batch.count), nil, counts.base)
        // Rows of the batch lose their marks even if they are offered nothing.
        var inBatch = [Bool](repeating: false, count: own.rowCount)
        for row in batch { inBatch[Int(row)] = true }
        let targets = (0..<own.rowCount).filter { unsafe inBatch[$0] || counts.base[$0] > 0 }
        var starts: [UInt32] = []
        var total: UInt32 = 0
        for row in 0..<own.rowCount {
            let count = unsafe counts.base[row]
            unsafe counts.base[row] = total
            if inBatch[row] || count > 0 { starts.append(total) }
            total += count
        }
        starts.append(total)
        let offers = SharedWords(count: Int(total))
        unsafe vg_place_marked(
            &graph, batch, 0, UInt32(batch.count), nil, 0, UInt32(own.rowCount), counts.base,
            offers.base)
        join(targets, starts, offers, threadCount: threadCount)
    }

    private func join(
        _ targets: [Int], _ starts: [UInt32], _ offers: SharedWords, threadCount: Int
    ) {
        let state = state
        state.over(0..<targets.count, threadCount: threadCount) { indices, scratch in
            var rule = state.pruneRule(flags: true)
            var graph = unsafe state.own.graph
            for index in indices {
                unsafe vg_join_marked(
                    state.space.pointer, &graph, &graph, UInt32(targets[index]),
                    offers.base + Int(starts[index]), starts[index + 1] - starts[index],
                    UInt32(clamping: state.settings.offerLimit), true, &rule, scratch.pointer)
            }
        }
    }
}
