// Queries with their exact answers, and what searching for them costs.

import CAllocations
import Synchronization
import Varve

/// Queries with their exact answers.
struct QuerySet: Sendable {
    /// How many answers are asked for.
    let k = 10
    private let vectors: [[Float]]
    private let answers: [Set<RecordID>]
    /// Threads that ask at once.
    private let threadCount: Int
    /// At most this long for a setting.
    private let secondCap: Double

    private static let warmUpCount = 200

    /// The options that ``init(_:_:)`` reads.
    static let options = [
        Option(name: "query", placeholder: "FILE", help: "the vectors to search for"),
        Option(name: "gt", placeholder: "FILE.ibin", help: "their exact answers, nearest first"),
        Option(name: "queries", placeholder: "N", help: "take only the first queries (1000)"),
        Option(name: "seconds", placeholder: "N", help: "at most this long for a setting (4)"),
        Option(name: "query-threads", placeholder: "N", help: "threads that search at once (1)"),
    ]

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
        threadCount = try arguments.number("query-threads", default: 1)
        secondCap = Double(try arguments.number("seconds", default: 4))
        let end = RecordID.number(UInt64(plan.rowCount))
        guard answers.allSatisfy({ $0.allSatisfy { $0 < end } }) else {
            throw MatrixFileProblem(description: "the answers name rows that are not loaded")
        }
    }

    /// Searches for every query once, so that what is read first, or copied into large pages when
    /// it is first needed, does not count for the first setting.
    func warm(_ store: Store) throws {
        for vector in vectors { _ = try store.search(query(vector, .recall(0.99))) }
    }

    /// Searches for the queries one by one, on one thread: answers, latencies and costs; then again
    /// without looking at the answers, for the processor time.
    func measure(_ store: Store, effort: Effort) throws -> SearchSetting {
        let queries = vectors.map { query($0, effort) }
        for query in queries.prefix(Self.warmUpCount) { _ = try store.search(query) }
        var setting = SearchSetting(latencies: LatencySamples(capacity: queries.count))
        var (foundCount, wantedCount) = (0, 0)
        let start = monotonicNanoseconds()
        for (query, exact) in zip(queries, answers) {
            let result = try setting.latencies.measure { try store.search(query) }
            setting.add(result.statistics)
            foundCount += result.hits.count { exact.contains($0.id) }
            wantedCount += k
            if seconds(since: start) > secondCap { break }
        }
        setting.recall = Double(foundCount) / Double(max(wantedCount, 1))
        let asked = Array(queries.prefix(setting.latencies.count))
        (setting.processorSeconds, setting.allocationCount) = try repeatedCost(store, asked)
        if threadCount > 1 { setting.threadedRate = try threadedRate(store, asked) }
        return setting
    }

    private func query(_ vector: [Float], _ effort: Effort) -> Query {
        var query = Query(vector: vector, k: k)
        query.effort = effort
        return query
    }

    /// The processor time of one query and its allocations: the least means of several passes,
    /// because what else runs on the machine only adds to the time, and the first pass to both.
    private func repeatedCost(
        _ store: Store, _ queries: [Query]
    ) throws -> (seconds: Double, allocationCount: Double) {
        var least = (seconds: Double.infinity, allocationCount: Double.infinity)
        let count = Double(max(1, queries.count))
        let start = monotonicNanoseconds()
        for _ in 0..<7 {
            let before = threadSeconds()
            let allocationsBefore = vb_allocation_count()
            for query in queries { _ = try store.search(query) }
            let allocated = Double(vb_allocation_count() - allocationsBefore)
            least.allocationCount = min(least.allocationCount, allocated / count)
            least.seconds = min(least.seconds, (threadSeconds() - before) / count)
            if seconds(since: start) > secondCap { break }
        }
        return least
    }

    /// Queries a second where several threads ask at once.
    private func threadedRate(_ store: Store, _ queries: [Query]) throws -> Double {
        let start = monotonicNanoseconds()
        var count = 0
        repeat {
            for start in stride(from: 0, to: queries.count, by: 1_000) {
                let end = min(queries.count, start + 1_000)
                count += try store.search(Array(queries[start..<end])).count
            }
        } while seconds(since: start) < min(1, secondCap)
        return Double(count) / seconds(since: start)
    }
}

/// What one setting gave.
struct SearchSetting {
    var recall = 0.0
    var latencies: LatencySamples
    /// Sums over all queries: what does not depend on the machine's mood.
    var cost = QueryStatistics()
    /// Of one query.
    var processorSeconds = 0.0
    /// Calls of the allocator in one query, after all buffers have grown.
    var allocationCount = 0.0
    /// Queries a second of several threads, where asked for.
    var threadedRate: Double?

    init(latencies: LatencySamples) { self.latencies = latencies }

    mutating func add(_ other: QueryStatistics) {
        cost.expandedNodeCount += other.expandedNodeCount
        cost.distanceCount += other.distanceCount
        cost.estimateCount += other.estimateCount
        cost.pageReadCount += other.pageReadCount
        cost.roundCount += other.roundCount
        cost.sourceCount += other.sourceCount
    }

    /// Queries a second of one thread.
    var rate: Double { Double(latencies.count) / max(latencies.totalSeconds, 1e-9) }

    /// The means that can be drawn through settings, by name.
    var means: [(name: String, value: Double)] {
        [
            ("qps", rate), ("qps_cpu", 1 / max(processorSeconds, 1e-9)),
            ("expanded", average(cost.expandedNodeCount)),
            ("distances", average(cost.distanceCount)),
            ("estimates", average(cost.estimateCount)), ("pages", average(cost.pageReadCount)),
            ("rounds", average(cost.roundCount)), ("allocations", allocationCount),
        ]
    }

    /// The fields of a result.
    var fields: [(name: String, value: JSONValue)] {
        var fields: [(name: String, value: JSONValue)] = [
            ("recall10", .decimal(recall, digits: 4)), ("qps", .decimal(rate, digits: 1)),
        ]
        fields += latencies.fields()
        fields += means.dropFirst().map { ($0.name, .decimal($0.value, digits: 1)) }
        fields.append(("sources", .decimal(average(cost.sourceCount), digits: 1)))
        if let threadedRate { fields.append(("qps_threads", .decimal(threadedRate, digits: 1))) }
        return fields
    }

    private func average(_ sum: Int) -> Double { Double(sum) / Double(max(1, latencies.count)) }
}
