// The same segments in a store: what searches notice of their merge, and what memory it takes.

import Varve
import VarveFormat

extension CompactionStudy {
    /// Loads the segments into a store, deletes what is deleted, and merges them into one while
    /// searches go on.
    ///
    /// - Parameters:
    ///   - path: Where the store stands meanwhile.
    ///   - idleSeconds: How long searches are measured before the merge.
    func storeFields(
        _ options: Options, metric: Metric, queries: MatrixFile, at path: String,
        idleSeconds: Double
    ) throws -> [(name: String, value: JSONValue)] {
        defer { removeDirectory(path) }
        var options = options
        options.compaction.isAutomatic = false
        let schema = Schema(
            dimension: base.columnCount, metric: metric, elementType: base.element.stored)
        let timeline = Timeline()
        let store = try Store.create(
            at: path, schema: schema, options: options, listener: timeline.listener)
        for segment in segments {
            var rows = segment.makeIterator()
            try store.bulkLoad(rowCount: segment.count, segmentRowCount: segment.count) {
                rows.next().map {
                    Row(id: .number(UInt64($0)), vector: base.floats(Int($0)), attributes: [:])
                }
            }
        }
        try deleteRows(store)
        func searchOnce(_ samples: inout LatencySamples) throws {
            let query = Query(vector: queries.floats(samples.count % queries.rowCount), k: 10)
            try samples.measure { try store.search(query) }
        }
        var warming = LatencySamples()
        for _ in 0..<min(2_000, queries.rowCount) { try searchOnce(&warming) }
        var idle = LatencySamples()
        let start = monotonicNanoseconds()
        while seconds(since: start) < idleSeconds { try searchOnce(&idle) }
        let sampler = ResidentSampler()
        var merging = LatencySamples()
        let mergeStart = monotonicNanoseconds()
        let work = WorkingThread { try store.compact(.all) }
        while !work.isDone { try searchOnce(&merging) }
        let mergeSeconds = seconds(since: mergeStart)
        let memory = sampler.end("merge_peak_")
        try work.finish()
        let figures = try store.statistics()
        try store.close()
        let (atRest, during) = (idle.percentiles([99])[0], merging.percentiles([99])[0])
        var fields: [(name: String, value: JSONValue)] = [
            ("budget_mib", .integer(options.memoryBudgetByteCount >> 20)),
            ("store_merge_s", .decimal(mergeSeconds, digits: 2)),
            ("store_mib", .decimal(Double(figures.segmentByteCount) / 1_048_576, digits: 1)),
            ("refused_merges", .integer(Int(figures.refusedMergeCount))),
            ("search_p99_idle_ms", .decimal(atRest, digits: 4)),
            ("search_p99_merging_ms", .decimal(during, digits: 4)),
            ("p99_ratio", .decimal(during / atRest, digits: 2)),
            ("merging_searches", .integer(merging.count)),
        ]
        fields += memory
        fields += timeline.fields.filter { $0.name == "merges" || $0.name == "refusals" }
        return fields
    }

    private func deleteRows(_ store: Store) throws {
        var batch = WriteBatch()
        for row in all.baseRows where !isLive(row) {
            batch.delete(id: .number(UInt64(row)))
            guard batch.count == 1_000 else { continue }
            try store.write(batch)
            batch = WriteBatch()
        }
        try store.write(batch)
        try store.flush()
    }
}
