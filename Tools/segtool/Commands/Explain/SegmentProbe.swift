// One segment searched by itself, with the engine's own reader.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveSegment
import VarveStorage

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
        _ vector: [Float], k: Int, effort: SearchEffort, among rows: RowSet? = nil
    ) throws -> ([RowHit], SegmentSearchStatistics) {
        var cost = SegmentSearchStatistics()
        let hits = try reader.searchGraph(
            prepared(vector), k: k, effort: effort, deleted: deleted, statistics: &cost
        ) { rows?.contains($0) ?? true }
        return (hits, cost)
    }

    /// The nearest rows of all.
    func searchExactly(
        _ vector: [Float], k: Int, among rows: RowSet? = nil
    ) throws -> ([RowHit], SegmentSearchStatistics) {
        var cost = SegmentSearchStatistics()
        let hits = try reader.searchExactly(
            prepared(vector), k: k, deleted: deleted, statistics: &cost
        ) { rows?.contains($0) ?? true }
        return (hits, cost)
    }

    /// The live rows that meet a condition.
    func rows(_ filter: RowFilter, _ manifest: Manifest) throws -> RowSet {
        var matching: [UInt32] = []
        for row in 0..<UInt32(reader.rowCount) where !deleted.contains(RowOrdinal(row)) {
            var values: [String: AttributeValue] = [:]
            let record = try reader.attributeRecord(of: RowOrdinal(row))
            // Safety: every pattern of bits is a byte.
            let decoded =
                record.isEmpty
                ? [] : try AttributeRecord(unsafe record.span.bytes, baseOffset: 0).decoded()
            for (id, value) in decoded {
                let index = Int(id.rawValue)
                guard index < manifest.attributes.count else { continue }
                values[manifest.attributes[index].name] = value
            }
            if filter.matches(values) { matching.append(row) }
        }
        return RowSet(ordinals: matching)
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
