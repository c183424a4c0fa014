// Exactness against speed: the same protocol and field names for every engine, so results lie side
// by side.

import Varve

/// `search`: build, then recall@10 and latency over a range of beam widths.
let searchCommand = Command(
    name: "search",
    summary: "builds a store from a file, then searches it at many widths; recall@10 and latency",
    options: LoadPlan.options + [
        LoadPlan.loadOption,
        Option(name: "query", placeholder: "FILE", help: "the vectors to search for"),
        Option(name: "gt", placeholder: "FILE.ibin", help: "their exact answers, nearest first"),
        Option(name: "queries", placeholder: "N", help: "take only the first queries (1000)"),
        Option(name: "seconds", placeholder: "N", help: "at most this long for a width (4)"),
        Option(
            name: "widths", placeholder: "N,N,…", help: "beam widths (16,24,32,48,64,…,512)"),
        Option(
            name: "mode", placeholder: "memory|ssd",
            help: "ssd: without walk blocks, files dropped from the page cache first (memory)"),
    ],
    run: measureSearch)

private let defaultWidths = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
private let warmUpCount = 20
/// Beyond this recall a wider beam has nothing left to show.
private let sufficientRecall = 0.998

private func measureSearch(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let plan = try LoadPlan(arguments, defaultDurability: .onRequest)
    let queries = try QuerySet(arguments, plan)
    let isOnDisk = try arguments.choice(
        "mode", of: [("memory", false), ("ssd", true)], default: false)
    defer { removeDirectory(plan.storePath) }
    var options = plan.storeOptions
    options.walkBlocks = !isOnDisk
    options.readsDirectly = isOnDisk
    plan.touchBase()
    let residentBefore = residentMebibytes("VmRSS")
    let start = monotonicNanoseconds()
    let building = try Store.create(at: plan.storePath, schema: plan.schema, options: options)
    let processorBefore = processorSeconds()
    let loadSeconds = try fill(building, plan)
    let buildSeconds = seconds(since: start)
    let processorBuildSeconds = processorSeconds() - processorBefore
    try building.close()
    if isOnDisk { dropPageCache(plan.storePath) }
    let store = try Store.open(at: plan.storePath)
    var settings: [JSONValue] = []
    for width in try arguments.numbers("widths", default: defaultWidths) {
        let setting = try queries.measure(
            store, effort: .width(max(width, queries.k)),
            secondCap: try arguments.number("seconds", default: 4))
        settings.append(.object([("param", .integer(width))] + setting.fields))
        report(
            "width \(width): recall \(setting.recall), \(setting.latencies.percentiles([50])[0]) ms"
        )
        if setting.recall > sufficientRecall { break }
    }
    var targets: [JSONValue] = []
    for target in [0.90, 0.95, 0.99] {
        let setting = try queries.measure(
            store, effort: .recall(target),
            secondCap: try arguments.number("seconds", default: 4))
        targets.append(.object([("target", .decimal(target, digits: 2))] + setting.fields))
        report("recall asked \(target): \(setting.recall)")
    }
    let residentAfter = residentMebibytes("VmRSS")
    try store.close()
    let engine = isOnDisk ? "varve-ssd" : "varve"
    return [("engine", .text(engine)), ("base", .text(try baseName(arguments)))] + plan.fields + [
        ("build_s", .decimal(buildSeconds, digits: 2)),
        ("build_cpu_s", .decimal(processorBuildSeconds, digits: 2)),
        ("disk_mib", .decimal(Double(storeByteCount(plan.storePath)) / 1_048_576, digits: 1)),
        ("rss_over_data_mib", .decimal(residentAfter - residentBefore, digits: 1)),
        ("ingest_s", .decimal(loadSeconds, digits: 2)),
        ("search", .list(settings)), ("targets", .list(targets)),
    ]
}

/// The name of the directory the base file stands in.
private func baseName(_ arguments: Arguments) throws -> String {
    let parts = try arguments.required("base").split(separator: "/")
    return String(parts.dropLast().last ?? parts.last ?? "")
}

/// Queries with their exact answers.
struct QuerySet {
    /// How many answers are asked for.
    let k = 10
    private let vectors: [[Float]]
    private let answers: [Set<RecordID>]

    /// Reads `--query` and `--gt`; the answers must be among the rows that are loaded.
    init(_ arguments: Arguments, _ plan: LoadPlan) throws {
        let queries = try MatrixFile(try arguments.required("query"))
        let truth = try MatrixFile(try arguments.required("gt"))
        guard queries.columnCount == plan.schema.dimension, truth.rowCount >= queries.rowCount,
            truth.columnCount >= k
        else {
            throw MatrixFileProblem(description: "base, queries and answers do not belong together")
        }
        let count = min(queries.rowCount, try arguments.number("queries", default: 1_000))
        vectors = (0..<count).map(queries.floats)
        let k = k
        answers = (0..<count).map { row in
            Set(truth.integers(row).prefix(k).filter { $0 >= 0 }.map { .number(UInt64($0)) })
        }
        let end = RecordID.number(UInt64(plan.rowCount))
        guard answers.allSatisfy({ $0.allSatisfy { $0 < end } }) else {
            throw MatrixFileProblem(description: "the answers name rows that are not loaded")
        }
    }

    /// What one setting gave.
    struct Setting {
        var recall: Double
        var latencies: LatencySamples
        /// Sums over all queries: what does not depend on the machine's mood.
        var cost = QueryStatistics()

        var fields: [(name: String, value: JSONValue)] {
            [
                ("recall10", .decimal(recall, digits: 4)),
                (
                    "qps",
                    .decimal(Double(latencies.count) / max(latencies.totalSeconds, 1e-9), digits: 1)
                ),
            ] + latencies.fields() + [
                ("expanded", average(cost.expandedNodeCount)),
                ("distances", average(cost.distanceCount)),
                ("estimates", average(cost.estimateCount)),
                ("pages", average(cost.pageReadCount)),
                ("sources", average(cost.sourceCount)),
            ]
        }

        private func average(_ sum: Int) -> JSONValue {
            .decimal(Double(sum) / Double(max(1, latencies.count)), digits: 1)
        }

        mutating func add(_ other: QueryStatistics) {
            cost.expandedNodeCount += other.expandedNodeCount
            cost.distanceCount += other.distanceCount
            cost.estimateCount += other.estimateCount
            cost.pageReadCount += other.pageReadCount
            cost.sourceCount += other.sourceCount
        }
    }

    /// Searches for the queries one by one, on one thread, for at most `secondCap` seconds.
    func measure(_ store: Store, effort: Effort, secondCap: Int) throws -> Setting {
        var setting = Setting(recall: 0, latencies: LatencySamples(capacity: vectors.count))
        var foundCount = 0
        var wantedCount = 0
        for vector in vectors.prefix(warmUpCount) {
            _ = try store.search(query(vector, effort))
        }
        let start = monotonicNanoseconds()
        for (vector, exact) in zip(vectors, answers) {
            let query = query(vector, effort)
            let result = try setting.latencies.measure { try store.search(query) }
            setting.add(result.statistics)
            foundCount += result.hits.count { exact.contains($0.id) }
            wantedCount += k
            if seconds(since: start) > Double(secondCap) { break }
        }
        setting.recall = Double(foundCount) / Double(max(wantedCount, 1))
        return setting
    }

    private func query(_ vector: [Float], _ effort: Effort) -> Query {
        var query = Query(vector: vector, k: k)
        query.effort = effort
        return query
    }
}
