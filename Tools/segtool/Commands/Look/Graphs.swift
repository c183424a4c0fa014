// The graph of one segment: degrees, reachability, lists, ways.

import VarveCheck
import VarveFormat
import VarveStorage

/// The lists of one segment, as far as they verify.
struct GraphImage {
    let segment: SegmentImage
    let description: SegmentDescription
    /// The entry points; none if they cannot be read.
    let entries: [RowOrdinal]
    private(set) var unreadableCount = 0

    init(_ target: SegmentTarget) throws {
        segment = target.segment
        description = try target.description()
        if let bytes = try segment.whole(.entry) {
            // Safety: every pattern of bits is a byte.
            entries =
                (try? EntryPoints(
                    decoding: unsafe bytes.span.bytes, rowCount: description.rowCount))?.ordinals
                ?? []
        } else {
            entries = []
        }
    }

    /// The list of a row; empty, and counted, if it cannot be read.
    mutating func neighbors(_ row: RowOrdinal) throws -> [RowOrdinal] {
        guard let node = try segment.node(row) else {
            unreadableCount += 1
            return []
        }
        return node.neighbors
    }

    /// For each row the one it was reached from, by the fewest edges from `starts`; `UInt32.max`
    /// where none reaches it.
    mutating func parents(
        from starts: [RowOrdinal], until goal: RowOrdinal? = nil
    ) throws -> [UInt32] {
        var parents = [UInt32](repeating: .max, count: description.rowCount)
        var queue: [RowOrdinal] = []
        for start in starts where parents[start.index] == .max {
            parents[start.index] = start.rawValue
            queue.append(start)
        }
        var at = 0
        while at < queue.count {
            let row = queue[at]
            if row == goal { break }
            at += 1
            for next in try neighbors(row)
            where next.index < parents.count && parents[next.index] == .max {
                parents[next.index] = row.rawValue
                queue.append(next)
            }
        }
        return parents
    }
}

extension Verb {
    @Sendable static func graphStats(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        var graph = try GraphImage(target)
        var histogram = [Int](repeating: 0, count: graph.description.maximumDegree + 1)
        var incoming = [UInt32](repeating: 0, count: graph.description.rowCount)
        for row in 0..<UInt32(graph.description.rowCount) {
            let list = try graph.neighbors(RowOrdinal(row))
            histogram[list.count] += 1
            for next in list where next.index < incoming.count { incoming[next.index] += 1 }
        }
        let edges = histogram.enumerated().reduce(0) { $0 + $1.offset * $1.element }
        call.output.section("graph", "Graph") {
            call.output.fields([
                ("rows", "rows", .count(graph.description.rowCount)),
                ("edges", "edges", .count(edges)),
                (
                    "mean_degree", "mean degree",
                    .figure(Double(edges) / Double(graph.description.rowCount), 2)
                ),
                ("max_incoming", "most edges to one row", .count(Int(incoming.max() ?? 0))),
                ("orphans", "rows without an edge to them", .count(incoming.count { $0 == 0 })),
                ("entries", "entry points", .count(graph.entries.count)),
                ("unreadable", "unreadable rows", .count(graph.unreadableCount)),
            ])
        }
        showHistogram(call, histogram)
        return graph.unreadableCount > 0 ? .corruption : target.status
    }

    @Sendable static func graphCheck(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        var graph = try GraphImage(target)
        let rowCount = graph.description.rowCount
        var badEdgeCount = 0
        for row in 0..<UInt32(rowCount) {
            let list = try graph.neighbors(RowOrdinal(row))
            let isWrong =
                Set(list).count < list.count
                || list.contains { $0.index >= rowCount || $0.rawValue == row }
            if isWrong { badEdgeCount += 1 }
        }
        let unreadable = graph.unreadableCount
        let parents = try graph.parents(from: graph.entries)
        let lost = parents.indices.filter { parents[$0] == .max }
        call.output.section("check", "Graph check") {
            call.output.fields([
                ("rows", "rows", .count(rowCount)),
                ("entries", "entry points", .count(graph.entries.count)),
                ("wrong_lists", "lists with wrong edges", .count(badEdgeCount)),
                ("unreadable", "unreadable rows", .count(unreadable)),
                ("unreachable", "rows that cannot be reached", .count(lost.count)),
            ])
        }
        if !lost.isEmpty {
            try call.output.table("unreachable_rows", nil, [Column("row"), Column("id")]) { add in
                for row in lost.prefix(100) {
                    let id = try target.segment.id(of: RowOrdinal(UInt32(row)))
                    add([.count(row), id.map { .id($0) } ?? .none])
                }
            }
        }
        let isWell = badEdgeCount == 0 && unreadable == 0 && lost.isEmpty
        return isWell ? target.status : .corruption
    }

    @Sendable static func graphNeighbors(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let description = try target.description()
        let row = try target.row(call.operands[2])
        guard let node = try target.segment.node(row) else {
            throw ToolFailure(.corruption, "the bytes of row \(row.rawValue) do not verify")
        }
        let vector = VectorText.floats(node.vector, description.schema)
        try call.output.table(
            "neighbors", nil, [Column("row"), Column("id"), Column("distance"), Column("degree")]
        ) { add in
            for neighbor in node.neighbors {
                let id = try target.segment.id(of: neighbor)
                let other = try target.segment.node(neighbor)
                let distance = other.map {
                    VectorText.distance(
                        vector, VectorText.floats($0.vector, description.schema),
                        description.schema.metric)
                }
                add([
                    .number(UInt64(neighbor.rawValue)),
                    id.map { .id($0) } ?? .mark("unreadable", .bad),
                    distance.map { .figure($0, 6) } ?? .none,
                    other.map { .count($0.neighbors.count) } ?? .none,
                ])
            }
        }
        return .clean
    }

    @Sendable static func graphPath(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        var graph = try GraphImage(target)
        let starts =
            call.operands[2] == "entry" ? graph.entries : [try target.row(call.operands[2])]
        let goal = try target.row(call.operands[3])
        let parents = try graph.parents(from: starts, until: goal)
        guard parents[goal.index] != .max else {
            call.output.note("no way leads there")
            return .corruption
        }
        var way = [goal]
        while let last = way.last, parents[last.index] != last.rawValue {
            way.append(RowOrdinal(parents[last.index]))
        }
        let schema = graph.description.schema
        let end = try target.segment.node(goal).map { VectorText.floats($0.vector, schema) }
        try call.output.table(
            "steps", nil,
            [
                Column("step"), Column("row"), Column("id"),
                Column("distance", "distance to the end"),
            ]
        ) { add in
            for (step, row) in way.reversed().enumerated() {
                let id = try target.segment.id(of: row)
                let vector = try target.segment.node(row).map {
                    VectorText.floats($0.vector, schema)
                }
                var distance: Double?
                if let vector, let end {
                    distance = VectorText.distance(vector, end, schema.metric)
                }
                add([
                    .count(step), .number(UInt64(row.rawValue)), id.map { .id($0) } ?? .none,
                    distance.map { .figure($0, 6) } ?? .none,
                ])
            }
        }
        return .clean
    }
}
