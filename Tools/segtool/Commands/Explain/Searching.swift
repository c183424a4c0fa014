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
        let result = try store.search(query)
        call.output.table(
            "hits", nil, [Column("rank"), Column("id"), Column("distance")]
        ) { add in
            for (index, hit) in result.hits.enumerated() {
                add([.count(index + 1), .id(hit.id), .figure(Double(hit.distance), 6)])
            }
        }
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

    /// The components that a file, or an operand, lists.
    private static func vector(_ text: String, _ call: Invocation) throws -> [Float] {
        var source = text
        if try call.fileSystem.status(FilePath(text))?.isDirectory == false {
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

    /// The same search in each segment by itself, beside its exact answer.
    private static func explain(_ call: Invocation, _ query: Query, _ store: Store) throws {
        let image = try call.image()
        let manifest = try call.manifest(image)
        let target: [Float]
        switch query.target {
        case .vector(let vector): target = vector
        case .row(let id): target = try store.get(id)?.vector ?? []
        }
        try call.output.table(
            "segments", "By segment, each searched by itself",
            [
                Column("segment"), Column("rows"), Column("scans"), Column("expanded"),
                Column("distances"), Column("estimates"), Column("pages"), Column("nearest"),
                Column("recall", "found of exact"),
            ]
        ) { add in
            for record in manifest.segments {
                let probe = try SegmentProbe(image, record)
                let (found, cost) = try probe.search(
                    target, k: query.k, effort: SearchEffort(width: 64))
                let (exact, _) = try probe.searchExactly(target, k: query.k)
                let shared = Set(found.map(\.row)).intersection(exact.map(\.row)).count
                add([
                    .number(record.id.rawValue), .count(record.rowCount), .count(cost.scanCount),
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

/// One segment opened by the engine's own reader, to be searched by itself.
struct SegmentProbe {
    let reader: SegmentReader
    let deleted: DeletedRows

    init(_ image: StoreImage, _ record: SegmentRecord) throws {
        let name = FileNames.segment(record.id)
        reader = try SegmentReader(
            fileSystem: image.fileSystem, path: image.path(name), expecting: record,
            access: .mapped)
        if let tombstones = record.tombstones {
            let name = FileNames.tombstones(record.id, tombstones.version)
            guard let file = TombstoneReading.read(image, name) else {
                throw ToolFailure(.corruption, "\(name) is damaged")
            }
            deleted = DeletedRows(file.rows, rowCount: record.rowCount)
        } else {
            deleted = DeletedRows(RowSet(), rowCount: record.rowCount)
        }
    }

    private func prepared(_ vector: [Float]) -> SegmentQuery {
        let query = SegmentQuery(schema: reader.schema)
        unsafe vector.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress, buffer.count == reader.schema.dimension {
                unsafe query.prepare(base)
            }
        }
        return query
    }

    /// The nearest rows by way of the graph, whatever that costs.
    func search(
        _ vector: [Float], k: Int, effort: SearchEffort
    ) throws -> ([RowHit], SegmentSearchStatistics) {
        var cost = SegmentSearchStatistics()
        let hits = try reader.searchGraph(
            prepared(vector), k: k, effort: effort, deleted: deleted, statistics: &cost
        ) { _ in true }
        return (hits, cost)
    }

    /// The nearest rows of all.
    func searchExactly(
        _ vector: [Float], k: Int
    ) throws -> ([RowHit], SegmentSearchStatistics) {
        var cost = SegmentSearchStatistics()
        let hits = try reader.searchExactly(
            prepared(vector), k: k, deleted: deleted, statistics: &cost
        ) { _ in true }
        return (hits, cost)
    }

    /// The stored vector of a row.
    func vector(_ row: RowOrdinal) throws -> [Float] {
        let bytes = unsafe try reader.withVector(row) { (buffer) throws(SegmentError) in
            unsafe [UInt8](buffer)
        }
        return VectorText.floats(bytes, reader.schema)
    }

    /// Recall of searches for rows spread evenly over the segment.
    func recall(
        sample: Int, k: Int, width: Int
    ) throws -> (recall: Double, queryCount: Int, expanded: Double, pages: Double) {
        let count = min(sample, reader.rowCount)
        var (found, wanted, expanded, pages) = (0, 0, 0, 0)
        for index in 0..<count {
            let row = RowOrdinal(UInt32(index * reader.rowCount / count))
            let vector = try vector(row)
            let (hits, cost) = try search(vector, k: k, effort: SearchEffort(width: max(width, k)))
            let (exact, _) = try searchExactly(vector, k: k)
            let bound = exact.last?.distance ?? 0
            found += hits.filter { $0.distance <= bound }.count
            wanted += exact.count
            expanded += cost.expandedNodeCount
            pages += cost.pageCount
        }
        return (
            wanted == 0 ? 1 : Double(found) / Double(wanted), count,
            Double(expanded) / Double(max(1, count)), Double(pages) / Double(max(1, count))
        )
    }
}
