// A memtable against a plain dictionary that remembers every version.

import Testing
import VarveFormat
import VarveMemtable

/// What a reader of one moment must see.
private struct Snapshot {
    var rows: [RecordID: (vector: [UInt8], attributes: [UInt8])] = [:]
    var deleted: Set<RecordID> = []
    var view: MemtableView
}

/// A memtable and its model, driven by one seed.
private struct History {
    let memtable: Memtable
    var generator: SeededGenerator
    var rows: [RecordID: (vector: [UInt8], attributes: [UInt8])] = [:]
    var deleted: Set<RecordID> = []
    var snapshots: [Snapshot] = []

    init(_ schema: Schema, seed: UInt64) throws {
        memtable = try makeMemtable(schema)
        generator = SeededGenerator(seed)
        snapshots.append(Snapshot(view: memtable.view))
    }

    /// One batch of random operations, ended by a publish.
    mutating func writeBatch() {
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            let id = randomID(&generator, below: 60)
            let known: WriteReceipt.Prior? = deleted.contains(id) ? .deleted : nil
            let receipt: WriteReceipt
            if Int.random(in: 0..<4, using: &generator) == 0 {
                receipt = memtable.delete(id)
                #expect(receipt.row == nil)
                checkPrior(receipt, id, known)
                rows[id] = nil
                deleted.insert(id)
            } else {
                let vector = randomVector(memtable.schema, &generator)
                let count = Int.random(in: 0...40, using: &generator)
                let attributes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator)
                }
                receipt = memtable.put(id, vector, attributes)
                checkPrior(receipt, id, known)
                rows[id] = (stored(vector, memtable.schema), attributes)
                deleted.remove(id)
            }
        }
        memtable.publish()
        snapshots.append(Snapshot(rows: rows, deleted: deleted, view: memtable.view))
    }

    private func checkPrior(
        _ receipt: WriteReceipt, _ id: RecordID, _ known: WriteReceipt.Prior?
    ) {
        if case .superseded = receipt.prior {
            #expect(rows[id] != nil)
        } else {
            #expect(receipt.prior == known ?? .unseen)
            #expect(rows[id] == nil)
        }
    }

    /// Checks every moment so far against what the memtable says of it now.
    func check(_ seed: UInt64) {
        for snapshot in snapshots {
            let view = snapshot.view
            #expect(view.liveRowCount == snapshot.rows.count, "seed \(seed)")
            let sorted = view.rowsInIDOrder()
            #expect(sorted.map { view.id($0) } == snapshot.rows.keys.sorted(), "seed \(seed)")
            for row in sorted {
                let id = view.id(row)
                #expect(view.lookup(id) == .row(row), "seed \(seed), id \(id)")
                #expect(view.isVisible(row))
                #expect(unsafe [UInt8](view.vector(row)) == snapshot.rows[id]?.vector)
                #expect(unsafe [UInt8](view.attributes(row)) == snapshot.rows[id]?.attributes)
            }
            for id in snapshot.deleted {
                #expect(view.lookup(id) == .deleted, "seed \(seed), id \(id)")
            }
            for id in rows.keys where snapshot.rows[id] == nil && !snapshot.deleted.contains(id) {
                #expect(view.lookup(id) == .absent, "seed \(seed), id \(id)")
            }
            #expect(view.lookup("never written") == .absent)
        }
    }

    /// Checks exact searches at every moment against a plain loop.
    mutating func checkSearches(_ seed: UInt64) {
        let schema = memtable.schema
        let query = MemtableQuery(schema: schema)
        for snapshot in snapshots {
            let vector = randomVector(schema, &generator)
            unsafe query.prepare(vector)
            var statistics = MemtableSearchStatistics()
            let hits = snapshot.view.searchExactly(query, k: 5, statistics: &statistics) { _ in
                true
            }
            let expected = snapshot.rows.map { id, row in
                let components = unsafe row.vector.withUnsafeBytes { unsafe widened($0, schema) }
                return (plainDistance(vector, components, schema.metric), id)
            }.sorted { $0.0 < $1.0 }
            #expect(hits.count == min(5, expected.count), "seed \(seed)")
            #expect(statistics.exactDistanceCount == expected.count)
            for (hit, plain) in zip(hits, expected) {
                let tolerance = 1e-4 * max(1, abs(plain.0))
                #expect(abs(Double(hit.distance) - plain.0) <= tolerance, "seed \(seed)")
            }
        }
    }
}

@Suite struct ModelTests {
    static let schemas: [Schema] = [
        Schema(dimension: 7, metric: .euclidean, elementType: .float32),
        Schema(dimension: 64, metric: .cosine, elementType: .float16),
        Schema(dimension: 70, metric: .euclidean, elementType: .uint8),
        Schema(dimension: 33, metric: .innerProduct, elementType: .int8),
    ]

    @Test(arguments: schemas, [1, 2, 3] as [UInt64])
    func `every moment of a random history stays as a dictionary remembers it`(
        schema: Schema, seed: UInt64
    ) throws {
        var history = try History(schema, seed: seed)
        for _ in 0..<40 { history.writeBatch() }
        history.check(seed)
        history.checkSearches(seed)
    }

    @Test func `a batch becomes visible as a whole and not before its end`() throws {
        let memtable = try makeMemtable(Self.schemas[0])
        let vector = [Float](repeating: 1, count: 7)
        memtable.put(1, vector)
        memtable.put(2, vector)
        memtable.put(1, vector)
        #expect(memtable.view.liveRowCount == 0)
        #expect(memtable.view.lookup(1) == .absent)
        memtable.publish()
        #expect(memtable.view.liveRowCount == 2)
        #expect(memtable.view.rowCount == 3)
        #expect(memtable.view.lookup(1) == .row(RowOrdinal(2)))
        #expect(!memtable.view.isVisible(RowOrdinal(0)))
    }

    @Test func `rows at equal distances come in the order of their ids`() throws {
        let memtable = try makeMemtable(Self.schemas[0])
        let ids: [RecordID] = ["b", 9, "a", 3, "ab", 300]
        for id in ids { memtable.put(id, [Float](repeating: 0.5, count: 7)) }
        memtable.publish()
        let query = MemtableQuery(schema: memtable.schema)
        unsafe query.prepare([0, 0, 0, 0, 0, 0, 0])
        var statistics = MemtableSearchStatistics()
        let view = memtable.view
        for k in 1...6 {
            let hits = view.searchExactly(query, k: k, statistics: &statistics) { _ in true }
            #expect(hits.map { view.id($0.row) } == Array(ids.sorted().prefix(k)))
        }
    }
}
