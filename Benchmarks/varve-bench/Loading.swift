// Loading a store, measured.

import Varve

/// How loading went.
struct LoadReport {
    /// One sample a batch: from its making to its acknowledgement.
    var batches = LatencySamples()
    /// Rows written.
    var rowCount = 0
    /// Seconds in which rows were made and written; reading files is left out.
    var seconds: Double { batches.totalSeconds }

    /// The fields of a result.
    var fields: [(name: String, value: JSONValue)] {
        [
            ("ingest_s", .decimal(seconds, digits: 2)),
            ("ingest_rows_per_s", .decimal(Double(rowCount) / seconds, digits: 0)),
        ] + batches.fields("batch_")
    }
}

/// Brings all rows of the plan into the store, in the plan's way, and into segments.
///
/// - Returns: Seconds that writing or loading took, flushing left out.
func fill(_ store: Store, _ plan: LoadPlan) throws -> Double {
    guard plan.way != .batches else {
        let seconds = try load(plan, into: store).seconds
        try store.flush()
        return seconds
    }
    let start = monotonicNanoseconds()
    var row = 0
    for count in plan.segmentRowCounts ?? [plan.rowCount] {
        let end = row + count
        try store.bulkLoad(rowCount: count, segmentRowCount: plan.way == .bulk ? count : nil) {
            guard row < end else { return nil }
            defer { row += 1 }
            return Row(
                id: .number(UInt64(row)), vector: plan.base.floats(row),
                attributes: plan.attributes.isEmpty ? [:] : plan.attributes[row])
        }
    }
    return seconds(since: start)
}

/// Writes the rows in `rows` (all of the plan's, unless given) batch by batch.
func load(_ plan: LoadPlan, rows: Range<Int>? = nil, into store: Store) throws -> LoadReport {
    let rows = rows ?? 0..<plan.rowCount
    var report = LoadReport()
    var progress = Progress("loading", total: rows.count)
    var start = rows.lowerBound
    while start < rows.upperBound {
        let end = min(start + plan.rowsPerBatch, rows.upperBound)
        // Reading the file is not measured.
        let vectors = (start..<end).map(plan.base.floats)
        try report.batches.measure {
            try store.write(plan.batch(firstRow: start, vectors: vectors))
        }
        report.rowCount += end - start
        progress.advance(by: end - start)
        start = end
    }
    return report
}
