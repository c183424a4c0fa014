// Whether searches notice that segments are being merged.

import Foundation
import Varve

/// `merge-latency`: the latency of searches at rest, and of the same searches while all segments
/// are merged into one.
let mergeLatencyCommand = Command(
    name: "merge-latency",
    summary: "search latency while segments are merged, against the latency when idle",
    options: LoadPlan.options + [
        Option(name: "query", placeholder: "FILE", help: "the vectors to search for"),
        Option(name: "segments", placeholder: "N", help: "segments to merge (4)"),
        Option(name: "seconds", placeholder: "N", help: "how long searches run when idle (5)"),
        Option(name: "pause", placeholder: "MICROSECONDS", help: "between two searches (0)"),
    ],
    run: measureMergeLatency)

private func measureMergeLatency(
    _ arguments: Arguments
) throws -> [(name: String, value: JSONValue)] {
    var plan = try LoadPlan(arguments, defaultDurability: .onRequest)
    plan.storeOptions.compaction.isAutomatic = false
    let queries = try MatrixFile(try arguments.required("query"))
    let idleSeconds = try arguments.number("seconds", default: 5)
    let segmentCount = try arguments.number("segments", default: 4)
    let pause = Double(try arguments.number("pause", default: 0, minimum: 0)) / 1e6
    defer { removeDirectory(plan.storePath) }
    let store = try Store.create(
        at: plan.storePath, schema: plan.schema, options: plan.storeOptions)
    var row = 0
    let perSegment = (plan.rowCount + segmentCount - 1) / segmentCount
    try store.bulkLoad(rowCount: plan.rowCount, segmentRowCount: perSegment) {
        guard row < plan.rowCount else { return nil }
        defer { row += 1 }
        return Row(id: .number(UInt64(row)), vector: plan.base.floats(row), attributes: [:])
    }
    func searchOnce(_ samples: inout LatencySamples) throws {
        let query = Query(vector: queries.floats(samples.count % queries.rowCount), k: 10)
        try samples.measure { try store.search(query) }
        if pause > 0 { Thread.sleep(forTimeInterval: pause) }
    }
    var warming = LatencySamples()
    for _ in 0..<min(1_000, queries.rowCount) { try searchOnce(&warming) }
    var idle = LatencySamples()
    let start = monotonicNanoseconds()
    while seconds(since: start) < Double(idleSeconds) { try searchOnce(&idle) }
    let before = try store.statistics().segmentCount
    var merging = LatencySamples()
    let mergeStart = monotonicNanoseconds()
    let work = WorkingThread { try store.compact(.all) }
    while !work.isDone { try searchOnce(&merging) }
    try work.finish()
    let mergeSeconds = seconds(since: mergeStart)
    var after = LatencySamples()
    for _ in 0..<min(5_000, 5 * queries.rowCount) { try searchOnce(&after) }
    try store.close()
    return plan.fields + [
        ("segments_before", .integer(before)), ("merge_s", .decimal(mergeSeconds, digits: 2)),
        ("idle_searches", .integer(idle.count)), ("merging_searches", .integer(merging.count)),
    ] + idle.fields("idle_") + merging.fields("merging_") + after.fields("after_") + [
        (
            "p99_ratio",
            .decimal(merging.percentiles([99])[0] / idle.percentiles([99])[0], digits: 2)
        )
    ]
}
