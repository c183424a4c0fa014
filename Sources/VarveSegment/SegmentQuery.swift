// A query as segments take it, with the memory a search needs.

public import VarveFormat
import VarveKernels

/// A query vector prepared for a schema, and the buffers of the searches that use it.
///
/// Make one per thread, give it one vector after the other and search any number of segments of the
/// schema. Not for use from two threads at once.
@safe public final class SegmentQuery {
    /// The schema of the segments to search.
    public let schema: Schema
    let exact: ExactDistance
    let floats: UnsafeMutablePointer<Float>
    /// Distances of the records of one page.
    let distances: UnsafeMutablePointer<Float>
    var results = NearestRows()

    /// The most records of one page: those of one byte and no neighbours.
    static let pageRecordLimit = SegmentBlocks.pageByteCount

    /// A query for segments of `schema`, with a vector of zeros.
    public init(schema: Schema) {
        guard let element = VectorElement(rawValue: schema.elementType.rawValue) else {
            preconditionFailure("an element type without kernels")
        }
        self.schema = schema
        exact = ExactDistance(
            schema.metric == .euclidean ? .squaredL2 : .innerProduct, element: element,
            dimension: schema.dimension)
        unsafe floats = .allocate(capacity: schema.dimension)
        unsafe floats.initialize(repeating: 0, count: schema.dimension)
        unsafe distances = .allocate(capacity: Self.pageRecordLimit)
        unsafe distances.initialize(repeating: 0, count: Self.pageRecordLimit)
    }

    deinit {
        unsafe floats.deallocate()
        unsafe distances.deallocate()
    }

    /// Takes a vector of the schema's dimension: finite, and of length 1 under cosine.
    public func prepare(_ vector: UnsafePointer<Float>) {
        unsafe floats.update(from: vector, count: schema.dimension)
    }

    /// The metric's distance from what the exact kernel computes; never a NaN.
    func distance(_ reduced: Float) -> Float {
        let distance: Float =
            switch schema.metric {
            case .euclidean: reduced
            case .cosine: 1 - reduced
            case .innerProduct: -reduced
            }
        return distance.isNaN ? .infinity : distance
    }
}
