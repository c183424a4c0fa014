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

    // Rounds: a memtable filled and indexed, searches at rest, then searches while it is flushed.
    var idle = LatencySamples()
    var flushing = LatencySamples()
    var next = half
    let roundRowCount = max(1, (plan.rowCount - half) / (2 * roundCount))
    for _ in 0..<roundCount {
        _ = try load(plan, rows: next..<next + roundRowCount, into: store)
        next += roundRowCount
        try waitUntilIndexed(store)
        let start = monotonicNanoseconds()
        while seconds(since: start) < Double(idleSeconds) / Double(roundCount) {
            try searchOnce(store, queries, &idle)
        }
        let flush = WorkingThread { try store.flush() }
        while !flush.isDone { try searchOnce(store, queries, &flushing) }
        try flush.finish()
    }

    // And while rows pour in as fast as they can, memtable after memtable.
    var loading = LatencySamples()
    let rest = next..<plan.rowCount
    let writing = WorkingThread {
        _ = try load(plan, rows: rest, into: store)
        try store.flush()
    }
    while !writing.isDone { try searchOnce(store, queries, &loading) }
    try writing.finish()
    try store.close()
    let idleLimit = idle.percentiles([99])[0]
    return plan.fields + [
        ("memtable_rows", .integer(roundRowCount)), ("idle_searches", .integer(idle.count)),
        ("flushing_searches", .integer(flushing.count)),
        ("loading_searches", .integer(loading.count)),
    ] + idle.fields("idle_") + flushing.fields("flushing_") + loading.fields("loading_") + [
        ("p99_ratio", .decimal(flushing.percentiles([99])[0] / idleLimit, digits: 2)),
        ("loading_p99_ratio", .decimal(loading.percentiles([99])[0] / idleLimit, digits: 2)),
    ]
}

private let roundCount = 5

/// Waits until the background has taken in what it will of the memtable.
private func waitUntilIndexed(_ store: Store) throws {
    var known = -1
    while true {
        let indexed = try store.statistics().indexedMemtableRowCount
        if indexed == known { return }
        known = indexed
        Thread.sleep(forTimeInterval: 0.3)
    }
}

private func searchOnce(
    _ store: Store, _ queries: MatrixFile, _ samples: inout LatencySamples
) throws {
    let query = Query(vector: queries.floats(samples.count % queries.rowCount), k: 10)
    try samples.measure { try store.search(query) }
}

/// A thread that does one thing.
final class WorkingThread: Sendable {
    private let outcome = Mutex<Result<Void, any Error>?>(nil)

    init(_ work: @escaping @Sendable () throws -> Void) {
        let thread = Thread { [self] in
            let result = Result { try work() }
            outcome.withLock { $0 = result }
        }
        thread.start()
    }

    /// Whether the thread has ended.
    var isDone: Bool { outcome.withLock { $0 != nil } }

    /// Throws what the thread threw; it must have ended.
    func finish() throws {
        guard let outcome = outcome.withLock({ $0 }) else {
            throw MatrixFileProblem(description: "still working")
        }
        try outcome.get()
    }
}
