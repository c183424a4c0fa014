// One writer, one indexer and several readers at once.

import Synchronization
import Testing
import VarveFormat
import VarveGraph
import VarveMemtable
import VarveStorage

/// The moments a writer has published so far, with what readers must see in them.
///
/// Row *n* is written by batch *n* / 4 under id *n* modulo the id count, and its attributes say
/// *n*; so a view tells by its row count what every id must hold.
private struct Plan {
    static let idCount = 200
    static let rowsInBatch = 4
    static let rowCount = 3_000
    static let marked = SegmentID(77)

    /// The newest row of an id among the first `rowCount`, if there is one.
    static func row(of id: Int, rowCount: Int) -> Int? {
        guard rowCount > id else { return nil }
        return id + (rowCount - 1 - id) / idCount * idCount
    }

    static func write(_ memtable: Memtable, idCount: Int = Plan.idCount) {
        var generator = SeededGenerator(11)
        for row in 0..<rowCount {
            let id = UInt64(row % idCount)
            let text = [UInt8](String(row).utf8)
            let receipt = memtable.put(
                .number(id), randomVector(memtable.schema, &generator), text)
            memtable.mark(
                source: marked, ordinal: RowOrdinal(UInt32(row)), operation: receipt.operation)
            if row % rowsInBatch == rowsInBatch - 1 { memtable.publish() }
        }
        memtable.publish()
    }

    /// Looks at one view in every way and says what is wrong with it.
    static func problem(
        _ view: MemtableView, _ query: MemtableQuery, _ generator: inout SeededGenerator
    ) -> String? {
        if view.rowCount % rowsInBatch != 0 { return "a torn batch of \(view.rowCount) rows" }
        if view.liveRowCount != min(view.rowCount, idCount) { return "a wrong live count" }
        for _ in 0..<8 {
            let id = Int.random(in: 0..<idCount, using: &generator)
            let expected = row(of: id, rowCount: view.rowCount)
            let found = view.lookup(.number(UInt64(id)))
            guard let expected else {
                if found != .absent { return "\(found) for the absent \(id)" }
                continue
            }
            let row = RowOrdinal(UInt32(expected))
            if found != .row(row) { return "\(found) for \(id), not \(expected)" }
            let text = unsafe String(decoding: view.attributes(row), as: UTF8.self)
            if text != String(expected) { return "the attributes \(text) for \(expected)" }
        }
        let ordinal = UInt32.random(in: 0..<UInt32(rowCount), using: &generator)
        let isMarked = view.isMarked(marked, RowOrdinal(ordinal))
        if isMarked != (Int(ordinal) < view.rowCount) { return "mark \(ordinal) is \(isMarked)" }
        let vector = randomVector(view.memtable.schema, &generator)
        unsafe query.prepare(vector)
        var statistics = MemtableSearchStatistics()
        let hits = view.search(query, k: 5, width: 20, statistics: &statistics) { _ in true }
        if hits.count != min(5, view.liveRowCount) { return "\(hits.count) hits" }
        if let dead = hits.first(where: { !view.isVisible($0.row) }) { return "\(dead) is dead" }
        return nil
    }
}

@Suite struct ConcurrencyTests {
    @Test func `readers see whole batches while rows are written and indexed`() throws {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)
        let memtable = try makeMemtable(schema)
        let runtime = SystemRuntime()
        let isWritten = Atomic(false)
        let problems = Mutex<[String]>([])
        let viewCount = Atomic(0)
        // Part 0 writes, part 1 indexes, the others read.
        runtime.parallel(count: 4, threadCount: 4) { part in
            switch part {
            case 0:
                Plan.write(memtable)
                isWritten.store(true, ordering: .releasing)
            case 1:
                while !isWritten.load(ordering: .acquiring) {
                    _ = memtable.indexStep(runtime: runtime, threadCount: 1)
                }
            default:
                var generator = SeededGenerator(UInt64(part))
                let query = MemtableQuery(schema: schema)
                var kept: [MemtableView] = []
                repeat {
                    kept.append(memtable.view)
                    let old = kept.randomElement(using: &generator) ?? memtable.view
                    for view in [kept[kept.count - 1], old] {
                        if let problem = Plan.problem(view, query, &generator) {
                            problems.withLock { $0.append(problem) }
                        }
                    }
                } while !isWritten.load(ordering: .acquiring)
                viewCount.add(kept.count, ordering: .relaxed)
            }
        }
        #expect(problems.withLock { $0 } == [])
        #expect(viewCount.load(ordering: .relaxed) > 0)
        while memtable.indexStep(runtime: runtime, threadCount: 2) {}
        var generator = SeededGenerator(99)
        let query = MemtableQuery(schema: schema)
        #expect(Plan.problem(memtable.view, query, &generator) == nil)
    }

    @Test func `an index grown beside the writer is the one grown afterwards`() throws {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)
        let runtime = SystemRuntime()
        func lists(_ isConcurrent: Bool) throws -> [[UInt32]] {
            let memtable = try makeMemtable(schema)
            let isWritten = Atomic(false)
            runtime.parallel(count: 2, threadCount: isConcurrent ? 2 : 1) { part in
                if part == 0 {
                    // Every row under an id of its own: the finished graph is the grown one.
                    Plan.write(memtable, idCount: Plan.rowCount)
                    memtable.seal()
                    isWritten.store(true, ordering: .releasing)
                } else {
                    while !isWritten.load(ordering: .acquiring) {
                        _ = memtable.indexStep(runtime: runtime, threadCount: 1)
                    }
                }
            }
            let sealed = try memtable.finishGraph(runtime: runtime, threadCount: 2)
            return (0..<sealed.rowCount).map { index in
                let list = sealed.adjacency.neighbours(of: RowOrdinal(UInt32(index)))
                return list.indices.map { list[$0] }
            }
        }
        #expect(try lists(true) == lists(false))
    }
}
