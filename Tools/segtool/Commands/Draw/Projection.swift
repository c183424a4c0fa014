// Vectors brought down to two dimensions: the two directions they spread most along.

/// The first two principal components of some vectors.
struct Projection {
    private let vectors: [[Float]]

    /// A projection of vectors of one dimension.
    init(_ vectors: [[Float]]) { self.vectors = vectors }

    /// A place for each vector; both axes from -1 to 1, or 0 where nothing spreads.
    func places() -> [(x: Double, y: Double)] {
        guard let dimension = vectors.first?.count, vectors.count > 1 else {
            return vectors.map { _ in (0, 0) }
        }
        var mean = [Double](repeating: 0, count: dimension)
        for vector in vectors {
            for index in 0..<dimension { mean[index] += Double(vector[index]) }
        }
        for index in 0..<dimension { mean[index] /= Double(vectors.count) }
        let first = component(mean, apartFrom: nil)
        let second = component(mean, apartFrom: first)
        var places = vectors.map { vector in
            (x: Self.dot(vector, mean, first), y: Self.dot(vector, mean, second))
        }
        let width = places.map { $0.x.magnitude }.max() ?? 1
        let height = places.map { $0.y.magnitude }.max() ?? 1
        for index in places.indices {
            places[index].x /= width > 0 ? width : 1
            places[index].y /= height > 0 ? height : 1
        }
        return places
    }

    /// The direction of most spread, at a right angle to `other`, by power iteration.
    private func component(_ mean: [Double], apartFrom other: [Double]?) -> [Double] {
        var direction = (0..<mean.count).map { Double(($0 * 2_654_435_761) % 1_000) / 1_000 - 0.5 }
        Self.makeUnit(&direction, apartFrom: other)
        for _ in 0..<12 {
            var next = [Double](repeating: 0, count: mean.count)
            for vector in vectors {
                let share = Self.dot(vector, mean, direction)
                for index in next.indices {
                    next[index] += share * (Double(vector[index]) - mean[index])
                }
            }
            direction = next
            Self.makeUnit(&direction, apartFrom: other)
        }
        return direction
    }

    private static func dot(_ vector: [Float], _ mean: [Double], _ direction: [Double]) -> Double {
        var sum = 0.0
        for index in direction.indices {
            sum += (Double(vector[index]) - mean[index]) * direction[index]
        }
        return sum
    }

    private static func makeUnit(_ direction: inout [Double], apartFrom other: [Double]?) {
        if let other {
            let share = zip(direction, other).reduce(0) { $0 + $1.0 * $1.1 }
            for index in direction.indices { direction[index] -= share * other[index] }
        }
        let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0 else { return }
        for index in direction.indices { direction[index] /= length }
    }
}
