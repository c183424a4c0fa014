// Searches: what they find, what they cost, and how far they are from the truth.

import Varve
import VarveCheck
import VarveFormat
import VarveManifest
import VarveSegment
import VarveStorage

extension Verb {
    @Sendable static func searchRows(_ call: Invocation) throws -> ExitStatus {
        let store = try call.openReadOnly()
        defer { try? store.close() }
        let k = try call.count("k", default: 10, least: 1)
        var query: Query
        if let id = call.text("id") {
            query = Query(row: try rowID(id), k: k)
        } else if let text = call.text("vector") {
            query = Query(vector: try vector(text, call), k: k)
        } else {
            throw ToolFailure.usage("--id or --vector says what to search for")
        }
        if call.has("exact") {
            query.effort = .exact
        } else if call.text("width") != nil {
            query.effort = .width(try call.count("width", default: 64, least: 1))
        } else if let text = call.text("recall") {
            guard let recall = Double(text) else {
                throw ToolFailure.usage("--recall is a share, not \(text)")
            }
            query.effort = .recall(recall)
        }
        if let text = call.text("filter") {
            let filter = try RowFilter(text)
            return try searchMatching(call, store, query, filter)
        }
        let result = try store.search(query)
        show(call, result.hits.map { FoundRow(id: $0.id, distance: $0.distance) })
        let cost = result.statistics
        call.output.section("cost", "Cost") {
            call.output.fields([
                ("sources", "memtables and segments", .count(cost.sourceCount)),
                ("expanded", "nodes expanded", .count(cost.expandedNodeCount)),
                ("distances", "distances", .count(cost.distanceCount)),
                ("estimates", "estimates from codes", .count(cost.estimateCount)),
                ("pages", "pages read", .count(cost.pageReadCount)),
                ("damaged", "damaged segments left out", .count(cost.damagedSegmentCount)),
            ])
        }
        if call.has("explain") { try explain(call, query, store) }
        return cost.damagedSegmentCount > 0 ? .corruption : .clean
    }

    private static func show(_ call: Invocation, _ hits: [FoundRow]) {
        call.output.table(
            "hits", nil, [Column("rank"), Column("id"), Column("distance")]
        ) { add in
            for (index, hit) in hits.enumerated() {
                add([.count(index + 1), .id(hit.id), .figure(Double(hit.distance), 6)])
            }
        }
    }

    /// The vector that a query compares with.
    private static func target(_ query: Query, _ store: Store) throws -> [Float] {
        switch query.target {
        case .vector(let vector):
            // Once through the engine, which refuses what it cannot compare.
            _ = try store.search(query)
            return vector
        case .row(let id):
            guard let row = try store.get(id) else {
                throw ToolFailure.usage("no row has the id \(id)")
            }
            return row.vector
        }
    }

    /// The nearest rows that meet a condition: every one of them is compared, so the answer is
    /// exact.
    private static func searchMatching(
        _ call: Invocation, _ store: Store, _ query: Query, _ filter: RowFilter
    ) throws -> ExitStatus {
        let metric = store.schema.metric
        var target = try target(query, store)
        var own: RecordID?
        if case .row(let id) = query.target {
            own = id
        } else if metric == .cosine {
            target = VectorText.normalised(target)
        }
        var hits: [FoundRow] = []
        var (rowCount, matchCount) = (0, 0)
        try store.snapshot().forEachRow { row throws(StoreError) in
            rowCount += 1
            guard filter.matches(row.attributes) else { return true }
            matchCount += 1
            guard row.id != own else { return true }
            let distance = Float(VectorText.distance(target, row.vector, metric))
            if hits.count == query.k, let last = hits.last, distance >= last.distance {
                return true
            }
            // Rows come in the order of their ids, so equal distances stand in it, too.
            let place = hits.firstIndex { $0.distance > distance } ?? hits.count
            hits.insert(FoundRow(id: row.id, distance: distance), at: place)
            if hits.count > query.k { hits.removeLast() }
            return true
        }
        show(call, hits)
        call.output.section("cost", "Cost") {
            call.output.fields([
                ("rows", "rows looked at", .count(rowCount)),
                ("matches", "rows that meet the filter", .count(matchCount)),
                (
                    "match_share", "share",
                    .share(Double(matchCount) / Double(max(1, rowCount)))
                ),
            ])
        }
        if call.has("explain") { try explain(call, query, store, filter) }
        return .clean
    }

    /// The components that a file, or an operand, lists.
    private static func vector(_ text: String, _ call: Invocation) throws -> [Float] {
        var source = text
        if try call.fileSystem.status(FilePath(text))?.isDirectory == false {
            if let vector = try firstRow(FilePath(text), call) { return vector }
            let bytes = try call.fileSystem.readWholeFile(FilePath(text), limit: 1 << 24)
            source = String(decoding: bytes, as: UTF8.self)
        }
        let words = source.split { ", \n\t[];".contains($0) }
        let numbers = words.compactMap { Float($0) }
        guard !numbers.isEmpty, numbers.count == words.count else {
            throw ToolFailure.usage("--vector is numbers between commas, or a file of them")
        }
        return numbers
    }

    /// The first row of a file of vectors: .fbin, .f16bin, .u8bin or .i8bin; nil for other files.
    private static func firstRow(_ path: FilePath, _ call: Invocation) throws -> [Float]? {
        let types: [(String, ElementType)] = [
            (".fbin", .float32), (".f16bin", .float16), (".u8bin", .uint8), (".i8bin", .int8),
        ]
        guard let type = types.first(where: { path.name.hasSuffix($0.0) })?.1 else { return nil }
        let file = try call.fileSystem.open(path, .read)
        guard try file.byteCount() >= 8 else { throw ToolFailure.usage("\(path) has no rows") }
        let head = try file.readBytes(count: 8, at: 0)
        let dimension = (0..<4).reduce(0) { $0 | Int(head[4 + $1]) << ($1 * 8) }
        let byteCount = dimension * type.byteCount
        guard Schema.dimensionRange.contains(dimension),
            try file.byteCount() >= UInt64(8 + byteCount)
        else { throw ToolFailure.usage("\(path) has no rows") }
        return VectorText.floats(
            try file.readBytes(count: byteCount, at: 8),
            Schema(dimension: dimension, metric: .euclidean, elementType: type))
    }

    /// The same search in each segment by itself, beside its exact answer.
    private static func explain(
        _ call: Invocation, _ query: Query, _ store: Store, _ filter: RowFilter? = nil
    ) throws {
        let image = try call.image()
        let manifest = try call.manifest(image)
        let target = try target(query, store)
        try call.output.table(
            "segments", "By segment, each searched by itself",
            [
                Column("segment"), Column("rows"), Column("matching"), Column("scans"),
                Column("expanded"), Column("distances"), Column("estimates"), Column("pages"),
                Column("nearest"), Column("recall", "found of exact"),
            ]
        ) { add in
            for record in manifest.segments {
                let probe = try SegmentProbe(image, record)
                let matching = try filter.map { try probe.rows($0, manifest) }
                let (found, cost) = try probe.search(
                    target, k: query.k, effort: SearchEffort(width: 64), among: matching)
                let (exact, _) = try probe.searchExactly(target, k: query.k, among: matching)
                let shared = Set(found.map(\.row)).intersection(exact.map(\.row)).count
                add([
                    .number(record.id.rawValue), .count(record.rowCount),
                    .count(matching?.count ?? record.liveCount), .count(cost.scanCount),
                    .count(cost.expandedNodeCount), .count(cost.exactDistanceCount),
                    .count(cost.codeDistanceCount), .count(cost.pageCount),
                    found.first.map { .figure(Double($0.distance), 6) } ?? .none,
                    .text("\(shared) of \(exact.count)"),
                ])
            }
        }
    }

    @Sendable static func measureRecall(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let manifest = try call.manifest(image)
        let sample = try call.count("sample", default: 50, least: 1)
        let k = try call.count("k", default: 10, least: 1)
        let width = try call.count("width", default: 64, least: 1)
        var recalls: [Double] = []
        var status = ExitStatus.clean
        call.output.table(
            "segments", nil,
            [
                Column("segment"), Column("rows"), Column("queries"), Column("recall"),
                Column("expanded", "expanded/query"), Column("pages", "pages/query"),
                Column("state"),
            ]
        ) { add in
            for record in manifest.segments {
                do {
                    let probe = try SegmentProbe(image, record)
                    let found = try probe.recall(sample: sample, k: k, width: width)
                    recalls.append(found.recall)
                    let isOutlier = found.recall < 0.8
                    if isOutlier { status = .oddity }
                    add([
                        .number(record.id.rawValue), .count(record.rowCount),
                        .count(found.queryCount), .figure(found.recall, 3),
                        .figure(found.expanded, 1), .figure(found.pages, 1),
                        isOutlier ? .mark("low", .odd) : .mark("well", .good),
                    ])
                } catch {
                    status = .corruption
                    add([
                        .number(record.id.rawValue), .count(record.rowCount), .none, .none, .none,
                        .none, .mark("\(error)", .bad),
                    ])
                }
            }
        }
        let mean = recalls.isEmpty ? 0 : recalls.reduce(0, +) / Double(recalls.count)
        call.output.machine("mean_recall", .figure(mean, 4))
        call.output.picture(
            "recall@\(k) at width \(width): \(Units.fixed(mean, 3)) "
                + "over \(recalls.count) segments\n"
        )
        return status
    }
}

/// A row that a search has found.
struct FoundRow {
    var id: RecordID
    var distance: Float
}
