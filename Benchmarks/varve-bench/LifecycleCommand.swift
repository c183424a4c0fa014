// From raw rows to one segment: log, flushes and merges.

import Foundation
import Varve

/// `lifecycle`: seconds from the first row to a fully compacted store, and what was written for it.
let lifecycleCommand = Command(
    name: "lifecycle",
    summary: "writes rows through log, flushes and merges until one segment holds them all; "
        + "seconds, amplification, longest stall, peak memory",
    options: LoadPlan.options + [
        Option(
            name: "query", placeholder: "FILE", help: "queries for the recall at the end (none)"),
        Option(name: "gt", placeholder: "FILE.ibin", help: "their exact answers"),
        Option(
            name: "rate", placeholder: "ROWS|sustainable",
            help: "rows a second to write; or what the store itself says it can sustain (as fast "
                + "as it takes them)"),
        Option(name: "merge-threads", placeholder: "N", help: "threads of a merge (as --threads)"),
    ],
    run: measureLifecycle)

private func measureLifecycle(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    var plan = try LoadPlan(arguments)
    plan.storeOptions.compaction.threadCount = try arguments.number(
        "merge-threads", default: plan.storeOptions.threadCount)
    defer { removeDirectory(plan.storePath) }
    plan.touchBase()
    let residentBefore = residentMebibytes("VmRSS")
    let timeline = Timeline()
    let store = try Store.create(
        at: plan.storePath, schema: plan.schema, options: plan.storeOptions,
        listener: timeline.listener)
    let start = monotonicNanoseconds()
    let processorBefore = processorSeconds()
    var pace = try WritingPace(arguments.text("rate"))
    var written = 0
    let part = max(plan.rowsPerBatch, plan.rowCount / 40)
    while written < plan.rowCount {
        let end = min(plan.rowCount, written + part)
        try pace.write(written..<end, plan, store)
        written = end
        try timeline.sample(store)
    }
    let ingestSeconds = seconds(since: start)
    try store.flush()
    let flushedSeconds = seconds(since: start)
    try timeline.sample(store)
    try store.compact(.all)
    let total = seconds(since: start)
    let processor = processorSeconds() - processorBefore
    try timeline.sample(store)
    let peak = residentMebibytes("VmHWM") - residentBefore
    let figures = try store.statistics()
    var recall: [(name: String, value: JSONValue)] = []
    if arguments.text("query") != nil {
        let queries = try recallAtWidth(arguments, store, width: 64)
        recall = [
            ("recall_at_64", .decimal(queries.recall, digits: 4)),
            ("distances_at_64", .decimal(queries.distances, digits: 1)),
        ]
    }
    try store.close()
    return plan.fields + [
        ("total_s", .decimal(total, digits: 2)), ("cpu_s", .decimal(processor, digits: 2)),
        ("ingest_s", .decimal(ingestSeconds, digits: 2)),
        ("flushed_s", .decimal(flushedSeconds, digits: 2)),
        ("rows_per_s", .decimal(Double(plan.rowCount) / total, digits: 0)),
        ("disk_mib", .decimal(Double(storeByteCount(plan.storePath)) / 1_048_576, digits: 1)),
        ("peak_over_data_mib", .decimal(peak, digits: 1)),
    ] + writingFields(figures) + recall + timeline.fields
}

/// How fast rows are written.
private struct WritingPace {
    private enum Rate {
        case any
        case fixed(Double)
        /// What the store says it can sustain.
        case sustainable
    }

    private let rate: Rate
    private var due = monotonicNanoseconds()

    init(_ text: String?) throws {
        switch text {
        case nil: rate = .any
        case "sustainable": rate = .sustainable
        case let text?:
            guard let number = Double(text), number > 0 else {
                throw UsageProblem(
                    description: "--rate is a number of rows or sustainable, not \(text)")
            }
            rate = .fixed(number)
        }
    }

    /// Writes rows batch by batch, each no sooner than it is due.
    mutating func write(_ rows: Range<Int>, _ plan: LoadPlan, _ store: Store) throws {
        if case .any = rate {
            _ = try load(plan, rows: rows, into: store)
            return
        }
        var perSecond = 0.0
        switch rate {
        case .any: break
        case .fixed(let number): perSecond = number
        case .sustainable: perSecond = Double(try store.statistics().sustainableRowsPerSecond)
        }
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: plan.rowsPerBatch) {
            let now = monotonicNanoseconds()
            if due > now { Thread.sleep(forTimeInterval: Double(due - now) / 1e9) }
            let end = min(rows.upperBound, first + plan.rowsPerBatch)
            _ = try load(plan, rows: first..<end, into: store)
            due = max(due, now) + UInt64(Double(end - first) / perSecond * 1e9)
        }
    }
}

/// The recall@10 and the distances of searches of one width, by answers from a file.
func recallAtWidth(
    _ arguments: Arguments, _ store: Store, width: Int
) throws -> (recall: Double, distances: Double) {
    let queries = try MatrixFile(try arguments.required("query"))
    let truth = try MatrixFile(try arguments.required("gt"))
    var (found, wanted, distances) = (0, 0, 0)
    for row in 0..<min(500, queries.rowCount) {
        var query = Query(vector: queries.floats(row), k: 10)
        query.effort = .width(width)
        let result = try store.search(query)
        let exact = Set(truth.integers(row).prefix(10).map { RecordID.number(UInt64($0)) })
        found += result.hits.count { exact.contains($0.id) }
        wanted += 10
        distances += result.statistics.distanceCount + result.statistics.estimateCount
    }
    let count = Double(max(1, wanted / 10))
    return (Double(found) / Double(max(1, wanted)), Double(distances) / count)
}
