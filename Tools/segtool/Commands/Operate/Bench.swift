// A quick measure of this machine with a small store.

import Varve
import VarveFormat
import VarveStorage

extension Verb {
    @Sendable static func bench(_ call: Invocation) throws -> ExitStatus {
        let path = call.store
        try FileCopying.makeEmpty(call.fileSystem, path)
        defer { StoreRemoval.remove(call.fileSystem, path) }
        let rowCount = try call.count("rows", default: 20_000, least: 100)
        let dimension = try call.count("dimension", default: 128, least: 1)
        let measure = Measure(call.runtime)
        var rows: [(String, String, Cell)] = []
        rows.append(("sync", "4 KiB written and synced, p50", try syncCell(call, path, measure)))
        let place = path.appending("store")
        let store = try Store.create(
            at: place.text, on: call.fileSystem, call.runtime,
            schema: Schema(dimension: dimension, metric: .euclidean, elementType: .float32))
        var random = splitMix64(42)
        func vector() -> [Float] {
            (0..<dimension).map { _ in
                random = splitMix64(random)
                return Float(random >> 40) / 16_777_216
            }
        }
        var batches: [UInt64] = []
        let ingest = try measure.nanoseconds {
            for first in stride(from: 0, to: rowCount, by: 100) {
                var batch = WriteBatch()
                for id in first..<min(first + 100, rowCount) {
                    batch.upsert(id: .number(UInt64(id)), vector: vector())
                }
                batches.append(try measure.nanoseconds { try store.write(batch) })
            }
        }
        let flush = try measure.nanoseconds { try store.flush() }
        var searches: [UInt64] = []
        var (found, wanted) = (0, 0)
        for index in 0..<200 {
            let target = vector()
            var query = Query(vector: target, k: 10)
            searches.append(try measure.nanoseconds { _ = try store.search(query) })
            guard index < 50 else { continue }
            let near = Set(try store.search(query).hits.map(\.id))
            query.effort = .exact
            let exact = try store.search(query).hits.map(\.id)
            found += exact.count { near.contains($0) }
            wanted += exact.count
        }
        try store.close()
        let perSecond = Double(rowCount) / (Double(max(1, ingest)) / 1e9)
        rows += [
            ("rows", "rows", .count(rowCount)), ("dimension", "dimension", .count(dimension)),
            ("rows_per_second", "durable rows a second", .figure(perSecond, 0)),
            ("batch_p50", "batch of 100, p50", .text(Units.duration(Measure.median(batches)))),
            ("flush", "flush", .text(Units.duration(flush))),
            ("search_p50", "search, p50", .text(Units.duration(Measure.median(searches)))),
            (
                "search_p99", "search, p99",
                .text(Units.duration(Measure.share(searches, 0.99)))
            ),
            ("recall", "recall@10", .figure(Double(found) / Double(max(1, wanted)), 3)),
        ]
        call.output.section("bench", "Bench") { call.output.fields(rows) }
        return .clean
    }

    private static func syncCell(
        _ call: Invocation, _ path: FilePath, _ measure: Measure
    ) throws -> Cell {
        let file = try call.fileSystem.open(path.appending("sync"), .create)
        var times: [UInt64] = []
        let page = [UInt8](repeating: 7, count: 4_096)
        for index in 0..<50 {
            times.append(
                try measure.nanoseconds {
                    try file.writeFully(page, at: UInt64(index) * 4_096)
                    try file.sync(.data)
                })
        }
        try file.close()
        try call.fileSystem.remove(path.appending("sync"))
        return .text(Units.duration(Measure.median(times)))
    }
}

/// Times of calls.
struct Measure {
    private let runtime: any Runtime

    init(_ runtime: any Runtime) { self.runtime = runtime }

    func nanoseconds(_ body: () throws -> Void) rethrows -> UInt64 {
        let start = runtime.monotonicNanoseconds()
        try body()
        return runtime.monotonicNanoseconds() - start
    }

    static func median(_ times: [UInt64]) -> UInt64 { share(times, 0.5) }

    /// The time that this share of all does not exceed.
    static func share(_ times: [UInt64], _ share: Double) -> UInt64 {
        let sorted = times.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
