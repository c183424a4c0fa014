// Making sure that every row of a graph can be found.

internal import CKernels
internal import VarveFormat
internal import VarveKernels
internal import VarveStorage

/// A breadth-first walk over lists being finished, and the links that lead it to the rows it
/// missed.
struct Reachability {
    /// No parent: not reached.
    static let unreached = UInt32.max

    let space: GraphSpace
    let lists: AdjacencyStorage
    let entries: [UInt32]
    let memory: WorkingMemory
    /// The row each row was reached from; entries are their own.
    private(set) var parent: [UInt32]
    /// The rows reached, in order.
    private var order: [UInt32] = []
    private var expandedCount = 0
    private let scratch = SearchScratch()
    /// The links made here, host above row; they are not given up again.
    private var added = Set<UInt64>()

    /// Walks from `entries`.
    init(
        space: GraphSpace, lists: AdjacencyStorage, entries: [UInt32],
        memory: WorkingMemory = .process
    ) {
        self.memory = memory
        self.space = space
        self.lists = lists
        self.entries = entries
        parent = [UInt32](repeating: Self.unreached, count: lists.rowCount)
        order.reserveCapacity(lists.rowCount)
        for row in entries where parent[Int(row)] == Self.unreached {
            parent[Int(row)] = row
            order.append(row)
        }
        walk()
    }

    /// How many rows the walk has reached.
    var reachedCount: Int { order.count }

    /// Links every row that `wants` and is not reached from a near row that is; answers how many
    /// were.
    ///
    /// A full list gives up its farthest link that the walk did not use, so nothing reached is
    /// lost. There always is such a list: the row reached last was not used by the walk at all.
    mutating func link(where wants: (Int) -> Bool) -> Int {
        var count = 0
        for row in 0..<lists.rowCount where parent[row] == Self.unreached && wants(row) {
            attach(UInt32(row), to: host(for: UInt32(row)))
            count += 1
        }
        return count
    }

    /// Links `row` from the first of `hosts` that has room and does not know it yet.
    mutating func lead(to row: UInt32, from hosts: [UInt32]) {
        for host in hosts where host != row {
            let list = unsafe lists.list(Int(host))
            if (0..<lists.degree(Int(host))).contains(where: { unsafe list[$0] == row }) {
                continue
            }
            if write(row, to: host) { return }
        }
    }

    private mutating func walk() {
        while expandedCount < order.count {
            let row = order[expandedCount]
            expandedCount += 1
            if expandedCount % 1_024 == 0 { memory.relieve() }
            let list = unsafe lists.list(Int(row))
            for index in 0..<lists.degree(Int(row)) {
                let next = unsafe list[index]
                guard parent[Int(next)] == Self.unreached else { continue }
                parent[Int(next)] = row
                order.append(next)
            }
        }
    }

    /// A row that is reached, near to `row` and has room for it.
    private func host(for row: UInt32) -> UInt32 {
        var graph = unsafe lists.graph
        let state = unsafe scratch.pointer
        unsafe state.pointee.candidate_count = 0
        unsafe vg_list_candidates(space.pointer, &graph, row, 0, state)
        unsafe vg_sort_candidates(state, row)
        if let found = unsafe firstHost(state.pointee.candidates, state.pointee.candidate_count) {
            return found
        }
        var rule = vg_search_rule(
            width: 32, stop_rank: 1, stop_factor: .infinity, skip_row: row)
        unsafe vg_search(
            space.pointer, &graph, space.point(row), entries, UInt32(entries.count), &rule, state)
        if let found = unsafe firstHost(state.pointee.pool, state.pointee.pool_count) {
            return found
        }
        return order[order.count - 1]
    }

    private func firstHost(_ keys: UnsafeMutablePointer<UInt64>?, _ count: UInt32) -> UInt32? {
        guard let keys = unsafe keys else { return nil }
        for index in 0..<Int(count) {
            let row = RowDistance(key: unsafe keys[index]).row.rawValue
            if parent[Int(row)] != Self.unreached && hasRoom(row) { return row }
        }
        return nil
    }

    /// Where a link may be written in the list of `row`: behind its end, or over another.
    ///
    /// The one that is missed least gives way: it is one the walk did not use and whose end is,
    /// compared with its length, nearest to the end of another, so that links to far clusters stay.
    private func room(in row: UInt32) -> Int? {
        let list = unsafe lists.list(Int(row))
        let degree = lists.degree(Int(row))
        if degree < lists.maxDegree { return degree }
        var lengths = [Float](repeating: 0, count: degree)
        var between = lengths
        unsafe space.table.distances(fromRow: row, to: list, count: degree, into: &lengths)
        var best: (place: Int, ratio: Float)?
        for place in 0..<degree where unsafe isSpare(list[place], in: row) {
            let end = unsafe list[place]
            unsafe space.table.distances(fromRow: end, to: list, count: degree, into: &between)
            var nearest = Float.infinity
            for other in 0..<degree where other != place { nearest = min(nearest, between[other]) }
            let ratio = lengths[place] > 0 ? nearest / lengths[place] : 0
            if best.map({ ratio < $0.ratio }) ?? true { best = (place, ratio) }
        }
        return best?.place
    }

    private func hasRoom(_ row: UInt32) -> Bool {
        let list = unsafe lists.list(Int(row))
        let degree = lists.degree(Int(row))
        return degree < lists.maxDegree
            || (0..<degree).contains { unsafe isSpare(list[$0], in: row) }
    }

    private func isSpare(_ end: UInt32, in row: UInt32) -> Bool {
        parent[Int(end)] != row && !added.contains(UInt64(row) << 32 | UInt64(end))
    }

    /// Writes a link; false if there is no room for it.
    private mutating func write(_ row: UInt32, to host: UInt32) -> Bool {
        guard let place = room(in: host) else { return false }
        unsafe lists.list(Int(host))[place] = row
        if place == lists.degree(Int(host)) { unsafe lists.degrees[Int(host)] += 1 }
        added.insert(UInt64(host) << 32 | UInt64(row))
        return true
    }

    private mutating func attach(_ row: UInt32, to host: UInt32) {
        precondition(write(row, to: host), "the host has room")
        parent[Int(row)] = host
        order.append(row)
        walk()
    }
}
