// The true answers to searches, worked out from the model in the plainest way.

package import VarveFormat

/// A row and how far it is.
package struct TrueHit: Hashable, Sendable {
    package var id: RecordID
    package var distance: Float
}

/// Distances in double precision, of vectors whose components are small whole numbers of
/// sixteenths: then all sums are exact, and every right engine comes to the same bits.
package enum BruteForce {
    /// How far `row` is from `query` by `metric`; under cosine both have unit length.
    package static func distance(_ query: [Float], _ row: [Float], _ metric: Metric) -> Double {
        var sum = 0.0
        for (a, b) in zip(query, row) {
            let (a, b) = (Double(a), Double(b))
            sum += metric == .euclidean ? (a - b) * (a - b) : a * b
        }
        switch metric {
        case .euclidean: return sum
        case .cosine: return 1 - sum
        case .innerProduct: return -sum
        }
    }

    /// `vector` at unit length.
    package static func normalised(_ vector: [Float]) -> [Float] {
        let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return vector.map { Float(Double($0) / norm) }
    }

    /// All rows in the order of their distances, ties by id.
    package static func search(
        _ query: [Float], _ state: ModelState, _ metric: Metric
    ) -> [TrueHit] {
        let query = metric == .cosine ? normalised(query) : query
        return state.map { id, row in
            TrueHit(id: id, distance: Float(distance(query, row.vector, metric)))
        }.sorted {
            $0.distance == $1.distance ? $0.id < $1.id : $0.distance < $1.distance
        }
    }
}
