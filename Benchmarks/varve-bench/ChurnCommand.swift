// A store whose rows come and go, round after round.

import Varve

/// `churn`: recall and cost of searches after each round of deletes and inserts, beside a fresh
/// build of the same rows.
let churnCommand = Command(
    name: "churn",
    summary:
        "rounds in which a share of the rows is deleted and as many are inserted, half of them "
        + "clustered, with merges running; recall and cost at one width after each, against a "
        + "fresh build",
    options: LoadPlan.options + [
        Option(name: "query", placeholder: "FILE", help: "the vectors to search for"),
        Option(name: "queries", placeholder: "N", help: "take only the first queries (200)"),
        Option(name: "rounds", placeholder: "N", help: "(20)"),
        Option(name: "share", placeholder: "PERCENT", help: "rows a round replaces (5)"),
        Option(name: "width", placeholder: "N", help: "width of the searches (64)"),
        Option(name: "fresh", placeholder: "N", help: "a fresh build every so many rounds (5)"),
        Option(name: "seed", placeholder: "N", help: "chooses the rows (1)"),
    ],
    run: measureChurn)

private func measureChurn(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let plan = try LoadPlan(arguments)
    var churn = try Churn(arguments, plan)
    let roundCount = try arguments.number("rounds", default: 20)
    let freshEvery = try arguments.number("fresh", default: 5)
    let timeline = Timeline()
    defer { removeDirectory(plan.storePath) }
    let store = try Store.create(
        at: plan.storePath, schema: plan.schema, options: plan.storeOptions,
        listener: timeline.listener)
    try churn.begin(store)
    var rounds: [JSONValue] = []
    var gaps: [Double] = []
    var (last, lastFresh) = (SearchSummary(), SearchSummary())
    for round in 1...roundCount {
        try churn.turn(store)
        let now = try churn.measure(store)
        var fields = now.fields("")
        last = now
        if round % freshEvery == 0 || round == roundCount {
            lastFresh = try churn.measureFresh()
            fields += lastFresh.fields("fresh_")
            gaps.append(now.recall - lastFresh.recall)
        }
        fields.append(("round", .integer(round)))
        try timeline.sample(store, fields)
        rounds.append(.object(fields))
    }
    // Searches of a store at rest, after what was due has been done.
    try store.compact(.due)
    let rested = try churn.measure(store)
    let figures = try store.statistics()
    try store.close()
    return plan.fields + [
        ("rounds", .list(rounds)), ("live_rows", .integer(churn.live.count)),
        ("recall_at_end", .decimal(last.recall, digits: 4)),
        ("recall_rested", .decimal(rested.recall, digits: 4)),
        ("recall_fresh", .decimal(lastFresh.recall, digits: 4)),
        ("worst_gap", .decimal(gaps.min() ?? .nan, digits: 4)),
        ("distances_rested", .decimal(rested.distances, digits: 1)),
        ("distances_fresh", .decimal(lastFresh.distances, digits: 1)),
    ] + writingFields(figures) + timeline.fields
}

/// What searches of one width find and cost.
private struct SearchSummary {
    var recall = 0.0
    var distances = 0.0
    var microseconds = 0.0
    var segments = 0

    func fields(_ prefix: String) -> [(name: String, value: JSONValue)] {
        [
            (prefix + "recall", .decimal(recall, digits: 4)),
            (prefix + "distances", .decimal(distances, digits: 1)),
            (prefix + "us", .decimal(microseconds, digits: 1)),
            (prefix + "sources", .integer(segments)),
        ]
    }
}

/// The rows that are in, and those that wait to come in.
private struct Churn {
    let plan: LoadPlan
    let queries: [[Float]]
    let width: Int
    let turnCount: Int
    private(set) var live: [Int]
    private var waiting: [Int]
    private var random: UInt64

    init(_ arguments: Arguments, _ plan: LoadPlan) throws {
        self.plan = plan
        let file = try MatrixFile(try arguments.required("query"))
        let count = min(file.rowCount, try arguments.number("queries", default: 200))
        queries = (0..<count).map(file.floats)
        width = try arguments.number("width", default: 64)
        let share = try arguments.number("share", default: 5)
        // Half of the rows begin; the others come in later, and may come in again.
        live = Array(0..<plan.rowCount / 2)
        waiting = Array(plan.rowCount / 2..<plan.rowCount)
        turnCount = max(2, live.count * share / 100)
        random = UInt64(try arguments.number("seed", default: 1))
    }

    private mutating func draw(below limit: Int) -> Int {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((random >> 33) % UInt64(limit))
    }

    func begin(_ store: Store) throws {
        try insert(live, store)
        try store.flush()
    }

    /// Deletes rows and inserts as many, half of both near one point.
    mutating func turn(_ store: Store) throws {
        let leaving = take(turnCount, from: \.live)
        let coming = take(turnCount, from: \.waiting)
        for start in stride(from: 0, to: leaving.count, by: plan.rowsPerBatch) {
            var batch = WriteBatch()
            for row in leaving[start..<min(leaving.count, start + plan.rowsPerBatch)] {
                batch.delete(id: .number(UInt64(row)))
            }
            try store.write(batch)
        }
        try insert(coming, store)
        live += coming
        waiting += leaving
        try store.flush()
    }

    private mutating func take(
        _ count: Int, from list: WritableKeyPath<Churn, [Int]>
    ) -> [Int] {
        let pivot = plan.base.floats(self[keyPath: list][draw(below: self[keyPath: list].count)])
        let near = self[keyPath: list].map { row in
            let vector = plan.base.floats(row)
            return (zip(vector, pivot).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }, row)
        }.sorted { $0 < $1 }.prefix(count / 2).map(\.1)
        let taken = Set(near)
        self[keyPath: list].removeAll { taken.contains($0) }
        var chosen = Array(near)
        while chosen.count < count, !self[keyPath: list].isEmpty {
            let place = draw(below: self[keyPath: list].count)
            self[keyPath: list].swapAt(place, self[keyPath: list].count - 1)
            chosen.append(self[keyPath: list].removeLast())
        }
        return chosen
    }

    private func insert(_ rows: [Int], _ store: Store) throws {
        for start in stride(from: 0, to: rows.count, by: plan.rowsPerBatch) {
            var batch = WriteBatch()
            for row in rows[start..<min(rows.count, start + plan.rowsPerBatch)] {
                batch.upsert(id: .number(UInt64(row)), vector: plan.base.floats(row))
            }
            try store.write(batch)
        }
    }

    /// Recall by the store's own exact searches.
    func measure(_ store: Store) throws -> SearchSummary {
        var summary = SearchSummary()
        var (found, wanted, distances) = (0, 0, 0)
        var samples = LatencySamples()
        for vector in queries {
            var query = Query(vector: vector, k: 10)
            query.effort = .exact
            let exact = Set(try store.search(query).hits.map(\.id))
            query.effort = .width(width)
            let result = try samples.measure { try store.search(query) }
            found += result.hits.count { exact.contains($0.id) }
            wanted += exact.count
            distances += result.statistics.distanceCount + result.statistics.estimateCount
            summary.segments = result.statistics.sourceCount
        }
        summary.recall = Double(found) / Double(max(1, wanted))
        summary.distances = Double(distances) / Double(max(1, queries.count))
        summary.microseconds = samples.totalSeconds * 1e6 / Double(max(1, queries.count))
        return summary
    }

    /// The same rows in a store of their own, loaded at once.
    func measureFresh() throws -> SearchSummary {
        let path = plan.storePath + ".fresh"
        removeDirectory(path)
        defer { removeDirectory(path) }
        var options = plan.storeOptions
        options.memoryBudgetByteCount = max(1 << 30, options.memoryBudgetByteCount)
        let store = try Store.create(at: path, schema: plan.schema, options: options)
        var next = 0
        let rows = live.sorted()
        try store.bulkLoad(rowCount: rows.count, segmentRowCount: rows.count) {
            guard next < rows.count else { return nil }
            defer { next += 1 }
            return Row(
                id: .number(UInt64(rows[next])), vector: plan.base.floats(rows[next]),
                attributes: [:])
        }
        let summary = try measure(store)
        try store.close()
        return summary
    }
}
