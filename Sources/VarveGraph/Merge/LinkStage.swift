// Giving rows the links back that were offered to them.

internal import CKernels
internal import VarveStorage

/// The stage that writes the merged lists: what each row chose, and who chose it.
///
/// Targets are done in stretches of the leaf order whose offers fit the memory.
final class LinkStage: MergeStage {
    private let state: MergeState
    private let order: () -> LeafOrder
    private let result: AdjacencyStorage
    private var counts: SharedWords?
    private var offers: Offers?
    private var nextPlace = 0
    private let offerLimit: Int
    private static let rowsPerStep = 1 << 14

    /// Offers to the targets of a stretch of places.
    private struct Offers: Sendable {
        var places: Range<Int>
        /// Where the offers of each target begin, and the end.
        var starts: [UInt32]
        var rows: SharedWords
    }

    /// Merged lists go into `result`; `order` is known when the stage begins.
    init(_ state: MergeState, order: @escaping () -> LeafOrder, into result: AdjacencyStorage) {
        self.state = state
        self.order = order
        self.result = result
        offerLimit = max(1 << 16, min(1 << 24, state.parameters.memoryByteLimit / 16))
    }

    let weight = 25.0

    var share: Double {
        counts == nil ? 0 : Double(nextPlace) / Double(max(1, state.rowCount))
    }

    func step(threadCount: Int) {
        let order = order()
        guard let counts else {
            self.counts = count(order, threadCount: threadCount)
            if state.rowCount == 0 { nextPlace = 1 }
            return
        }
        let offers = self.offers ?? place(order, counts, threadCount: threadCount)
        let end = min(offers.places.upperBound, nextPlace + Self.rowsPerStep)
        join(nextPlace..<end, offers, order, threadCount: threadCount)
        nextPlace = end
        self.offers = end == offers.places.upperBound ? nil : offers
    }

    /// Runs `body` over all rows as they lie: it goes through the lists from front to back, and of
    /// those that have left the memory each page comes back once.
    private func overRows(_ threadCount: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let chunk = 1 << 12
        state.memory.inStretches(of: 0..<state.rowCount, length: 4 * chunk) { stretch in
            let count = (stretch.count + chunk - 1) / chunk
            state.runtime.parallel(count: count, threadCount: threadCount) { index in
                let first = stretch.lowerBound + index * chunk
                body(first..<min(stretch.upperBound, first + chunk))
            }
        }
    }

    private func count(_ order: LeafOrder, threadCount: Int) -> SharedWords {
        let state = state
        let counts = SharedWords(count: state.rowCount)
        overRows(threadCount) { rows in
            var graph = unsafe state.own.graph
            unsafe vg_count_marked(
                &graph, nil, UInt32(rows.lowerBound), UInt32(rows.count), order.places.base,
                counts.base)
        }
        return counts
    }

    /// Gathers the offers of the next stretch.
    private func place(
        _ order: LeafOrder, _ counts: SharedWords, threadCount: Int
    ) -> Offers {
        var starts: [UInt32] = [0]
        var total = 0
        var end = nextPlace
        while end < state.rowCount {
            let count = Int(unsafe counts.base[end])
            if end > nextPlace && total + count > offerLimit { break }
            total += count
            starts.append(UInt32(total))
            end += 1
        }
        let (state, moving) = (state, SharedWords(starts))
        let offers = Offers(
            places: nextPlace..<end, starts: starts,
            rows: SharedWords(count: total, memory: state.memory))
        overRows(threadCount) { rows in
            var graph = unsafe state.own.graph
            unsafe vg_place_marked(
                &graph, nil, UInt32(rows.lowerBound), UInt32(rows.count), order.places.base,
                UInt32(offers.places.lowerBound), UInt32(offers.places.upperBound), moving.base,
                offers.rows.base)
        }
        return offers
    }

    private func join(
        _ places: Range<Int>, _ offers: Offers, _ order: LeafOrder, threadCount: Int
    ) {
        let (state, result) = (state, result)
        let keepsOwn = state.regime != .rebuild
        state.over(places, threadCount: threadCount) { places, scratch in
            var rule = state.pruneRule(flags: keepsOwn)
            var source = unsafe state.own.graph
            var target = unsafe result.graph
            for place in places {
                let index = place - offers.places.lowerBound
                let start = offers.starts[index]
                unsafe vg_join_marked(
                    state.space.pointer, &source, &target, order.rows.base[place],
                    offers.rows.base + Int(start), offers.starts[index + 1] - start,
                    UInt32(clamping: state.settings.offerLimit), keepsOwn, &rule,
                    scratch.pointer)
            }
        }
    }
}
