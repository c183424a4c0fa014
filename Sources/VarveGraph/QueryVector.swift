// A query vector, as exact distances and as codes.

package import VarveFormat
package import VarveKernels

/// A query vector prepared for a schema: shared by all memtables and segments of one search.
///
/// Takes one vector after the other without allocating. Not for use from two threads at once.
@safe package final class QueryVector {
    /// The schema of the rows to compare with.
    package let schema: Schema
    /// The kernel of exact distances; see ``distance(_:)``.
    package let exact: ExactDistance
    /// The components, and one more that is always zero: the lift of a query.
    package let floats: UnsafeMutablePointer<Float>
    /// The query as codes.
    package private(set) var bytes: ByteVector
    /// The squared norm of the query; under inner product only.
    package private(set) var norm2: Float = 0
    /// Which vector this is: another number for each that was taken.
    package private(set) var generation = 0

    /// A query for rows of `schema`, with a vector of zeros.
    package init(schema: Schema) {
        self.schema = schema
        exact = ExactDistance(
            schema.metric == .euclidean ? .squaredL2 : .innerProduct,
            element: schema.elementType.vectorElement, dimension: schema.dimension)
        bytes = ByteVector(dimension: schema.dimension)
        unsafe floats = .allocate(capacity: schema.dimension + 1)
        unsafe floats.initialize(repeating: 0, count: schema.dimension + 1)
    }

    deinit { unsafe floats.deallocate() }

    /// Takes a vector of the schema's dimension: finite, and of length 1 under cosine unless it is
    /// to be normalised.
    ///
    /// - Returns: False if the vector cannot be normalised, because all its components are zero.
    @discardableResult
    package func prepare(
        _ vector: UnsafePointer<Float>, normalising: Bool = false
    ) -> Bool {
        unsafe floats.update(from: vector, count: schema.dimension)
        if normalising {
            guard unsafe VectorConversion.normalise(floats, count: schema.dimension) else {
                return false
            }
        }
        encode()
        if schema.metric == .innerProduct {
            norm2 = Float(unsafe VectorConversion.squaredNorm(floats, count: schema.dimension))
        }
        generation += 1
        return true
    }

    /// Makes the codes: exactly where rows are their own codes and the query is such a row.
    private func encode() {
        let isWhole = unsafe withUnsafeTemporaryAllocation(
            byteCount: schema.dimension, alignment: 16
        ) { buffer in
            guard let base = buffer.baseAddress, schema.elementType == .uint8,
                unsafe VectorConversion.convert(
                    floats, count: schema.dimension, to: .uint8, into: base) == nil
            else { return false }
            unsafe bytes.encode(UnsafePointer(base.assumingMemoryBound(to: UInt8.self)))
            return true
        }
        if !isWhole { unsafe bytes.encode(UnsafePointer(floats)) }
    }

    /// The metric's distance from what the exact kernel computes; never a NaN.
    @inline(__always)
    package func distance(_ reduced: Float) -> Float {
        let distance: Float =
            switch schema.metric {
            case .euclidean: reduced
            case .cosine: 1 - reduced
            case .innerProduct: -reduced
            }
        return distance.isNaN ? .infinity : distance
    }

    /// The squared distance between the (lifted) vectors that codes stand for, from an exact
    /// distance.
    package func codeDistance(_ distance: Float, liftNorm2: Float) -> Float {
        switch schema.metric {
        case .euclidean: distance
        case .cosine: 2 * distance
        case .innerProduct: norm2 + liftNorm2 + 2 * distance
        }
    }

    /// About the metric's distance, from the squared distance between the (lifted) vectors that
    /// codes stand for.
    package func metricDistance(_ distance: Float, liftNorm2: Float) -> Float {
        switch schema.metric {
        case .euclidean: distance
        case .cosine: distance / 2
        case .innerProduct: (distance - norm2 - liftNorm2) / 2
        }
    }
}
