// Whether searches notice that a memtable is full and being flushed.

import Foundation
import Synchronization
import Varve

/// `flush-latency`: the latency of searches while nothing is written, and while as much is written
/// as goes.
let flushLatencyCommand = Command(
    name: "flush-latency",
    summary: "search latency while writing and flushing, against the latency when idle",
    options: LoadPlan.options + [
        Option(name: "query", placeholder: "FILE", help: "the vectors to search for"),
        Option(name: "seconds", placeholder: "N", help: "how long searches run when idle (5)"),
    ],
    run: measureFlushLatency)

private func measureFlushLatency(
    _ arguments: Arguments
) throws -> [(name: String, value: JSONValue)] {
    let plan = try LoadPlan(arguments, defaultDurability: .onRequest)
    let queries = try MatrixFile(try arguments.required("query"))
    let idleSeconds = try arguments.number("seconds", default: 5)
    defer { removeDirectory(plan.storePath) }
    let store = try Store.create(
        at: plan.storePath, schema: plan.schema, options: plan.storeOptions)
    let half = plan.rowCount / 2
    _ = try load(plan, rows: 0..<half, into: store)
    try store.flush()

    var idle = LatencySamples()
    let start = monotonicNanoseconds()
    while seconds(since: start) < Double(idleSeconds) { try searchOnce(store, queries, &idle) }

    let writing = WritingThread(plan, rows: half..<plan.rowCount, store)
    var busy = LatencySamples()
    while !writing.isDone { try searchOnce(store, queries, &busy) }
    let loading = try writing.result()
    try store.close()
    let ratio = busy.percentiles([99])[0] / idle.percentiles([99])[0]
    return plan.fields + loading.fields
        + [("idle_searches", .integer(idle.count)), ("busy_searches", .integer(busy.count))]
        + idle.fields("idle_") + busy.fields("busy_")
        + [("p99_ratio", .decimal(ratio, digits: 2))]
}

private func searchOnce(
    _ store: Store, _ queries: MatrixFile, _ samples: inout LatencySamples
) throws {
    let query = Query(vector: queries.floats(samples.count % queries.rowCount), k: 10)
    try samples.measure { try store.search(query) }
}

/// A thread that loads rows and flushes them.
private final class WritingThread: Sendable {
    private let outcome = Mutex<Result<LoadReport, any Error>?>(nil)

    init(_ plan: LoadPlan, rows: Range<Int>, _ store: Store) {
        let thread = Thread { [self] in
            let result = Result {
                let report = try load(plan, rows: rows, into: store)
                try store.flush()
                return report
            }
            outcome.withLock { $0 = result }
        }
        thread.start()
    }

    /// Whether the thread has ended.
    var isDone: Bool { outcome.withLock { $0 != nil } }

    /// How loading went, once the thread has ended.
    func result() throws -> LoadReport {
        guard let outcome = outcome.withLock({ $0 }) else {
            throw MatrixFileProblem(description: "still writing")
        }
        return try outcome.get()
    }
}
