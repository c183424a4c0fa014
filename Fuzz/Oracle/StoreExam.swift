// Everything a store answers, compared with the model.

package import Varve
import VarveFormat
import VarveStorageSimulation

/// Compares a store, or a snapshot of one, with rows as they must be.
package struct StoreExam {
    private let schema: Schema
    private let state: ModelState
    private let ordered: [RecordID]
    private let seed: UInt64
    private var generator: SeededGenerator

    /// An exam whose queries follow `seed`.
    package init(_ state: ModelState, _ schema: Schema, seed: UInt64) {
        self.schema = schema
        self.state = state
        ordered = state.keys.sorted()
        self.seed = seed
        generator = SeededGenerator(seed: seed ^ 0xE4A3)
    }

    /// Throws unless every answer of `snapshot` is the model's.
    ///
    /// - Parameter absent: Ids that were written once; those that are not in the model must not be
    ///   found.
    package mutating func examine(
        _ snapshot: Snapshot, absent: [RecordID] = []
    ) throws(OracleFailure) {
        do {
            try compareRows(snapshot)
            try compareSingles(snapshot, absent)
            for _ in 0..<2 { try compareSearches(snapshot) }
        } catch let error as OracleFailure {
            throw error
        } catch {
            throw OracleFailure("reading failed: \(error)", cause: error as? StoreError)
        }
    }

    /// Whether the rows alone are the model's; cheaper.
    package func compareRows(_ snapshot: Snapshot) throws {
        try require(
            snapshot.count == state.count,
            "the store counts \(snapshot.count) rows, the model \(state.count)")
        var index = 0
        var problem: OracleFailure?
        try snapshot.forEachRow { row throws(StoreError) in
            do throws(OracleFailure) {
                try require(
                    index < ordered.count, "row \(row.id) comes behind all rows of the model")
                let id = ordered[index]
                try require(row.id == id, "row \(row.id) comes where \(id) is due")
                try compare(row)
                index += 1
                return true
            } catch {
                problem = error
                return false
            }
        }
        if let problem { throw problem }
        try require(index == ordered.count, "iteration ends after \(index) of \(ordered.count)")
    }

    private func compare(_ row: Row) throws(OracleFailure) {
        guard let expected = state[row.id] else {
            throw OracleFailure("row \(row.id) is not in the model")
        }
        try require(
            row.vector.map(\.bitPattern) == expected.vector.map(\.bitPattern),
            "the vector of \(row.id) is \(row.vector), not \(expected.vector)")
        try require(
            row.attributes == expected.attributes,
            "the attributes of \(row.id) are \(row.attributes), not \(expected.attributes)")
    }

    /// Whether single rows are there or not, as they must be.
    mutating func compareSingles(_ snapshot: Snapshot, _ absent: [RecordID]) throws {
        for id in absent where state[id] == nil {
            try require(!(try snapshot.contains(id)), "deleted row \(id) is there")
        }
        guard !ordered.isEmpty else { return }
        for _ in 0..<3 {
            let id = ordered[generator.below(ordered.count)]
            guard let row = try snapshot.get(id) else {
                throw OracleFailure("row \(id) is not there")
            }
            try compare(row)
        }
    }

    /// Whether one exact and one approximate search give what they may.
    mutating func compareSearches(_ snapshot: Snapshot) throws {
        var source = PlanSource(seed: generator.next())
        let vector = source.vector(schema)
        let truth = BruteForce.search(vector, state, schema.metric)
        let k = 1 + generator.below(12)
        var query = Query(vector: vector, k: k)
        query.effort = .exact
        try compareExact(try hits(snapshot, query), Array(truth.prefix(k)))
        query.effort = generator.chance(1, in: 2) ? .width(4) : .recall(0.9)
        let distances = Dictionary(uniqueKeysWithValues: truth.map { ($0.id, $0.distance) })
        let hits = try hits(snapshot, query)
        try require(
            hits.count == min(k, state.count),
            "a search for \(k) gives \(hits.count) hits of \(state.count) rows")
        var last: Hit?
        for hit in hits {
            guard let distance = distances[hit.id] else {
                throw OracleFailure("a search gives \(hit.id), which is not in the model")
            }
            try require(
                isNear(hit.distance, distance),
                "a search puts \(hit.id) at \(hit.distance), not \(distance)")
            if let last {
                try require(
                    (last.distance, last.id) < (hit.distance, hit.id),
                    "a search gives \(hit.id) at \(hit.distance) behind \(last.id) at "
                        + "\(last.distance)")
            }
            last = hit
        }
        try require(Set(hits.map(\.id)).count == hits.count, "a search gives an id twice")
    }

    /// What part of the nearest rows approximate searches find; the same queries for one seed.
    func recall(_ snapshot: Snapshot) throws(StoreError) -> Double {
        guard !state.isEmpty else { return 1 }
        var source = PlanSource(seed: seed ^ 0x4EC)
        var (found, wanted) = (0, 0)
        for _ in 0..<12 {
            let vector = source.vector(schema)
            var query = Query(vector: vector, k: 10)
            query.effort = .recall(0.95)
            let truth = BruteForce.search(vector, state, schema.metric).prefix(10)
            guard let last = truth.last else { continue }
            let bound = last.distance + (schema.metric == .cosine ? 1e-4 : 0)
            found += try hits(snapshot, query).count { $0.distance <= bound }
            wanted += truth.count
        }
        return Double(found) / Double(wanted)
    }

    /// The hits of a search that looked at everything.
    private func hits(_ snapshot: Snapshot, _ query: Query) throws(StoreError) -> [Hit] {
        let result = try snapshot.search(query)
        guard result.statistics.damagedSegmentCount == 0 else {
            throw StoreError(.corruption, "the search says that it left out damaged segments")
        }
        return result.hits
    }

    private func compareExact(_ hits: [Hit], _ truth: [TrueHit]) throws(OracleFailure) {
        try require(
            hits.count == truth.count,
            "an exact search gives \(hits.count) hits, brute force \(truth.count)")
        for (hit, expected) in zip(hits, truth) {
            // Unit vectors have rounding errors, so that near ties may fall either way.
            let isRight =
                schema.metric == .cosine
                ? isNear(hit.distance, expected.distance)
                : hit.id == expected.id && hit.distance == expected.distance
            try require(
                isRight,
                "an exact search gives \(hit.id) at \(hit.distance), brute force "
                    + "\(expected.id) at \(expected.distance)")
        }
    }

    private func isNear(_ a: Float, _ b: Float) -> Bool {
        schema.metric == .cosine ? abs(a - b) < 1e-4 : a == b
    }
}
