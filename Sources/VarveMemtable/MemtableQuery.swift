// A query as the memtable's kernels take it, with the memory a search needs.

public import VarveFormat
internal import VarveGraph
internal import VarveKernels

/// A query vector prepared for a schema, and the buffers of the searches that use it.
///
/// Make one per thread, give it one vector after the other and search any number of memtables of
/// the schema: nothing is allocated but results. Not for use from two threads at once.
@safe public final class MemtableQuery {
    /// Rows whose distances are computed by one call of a kernel.
    static let chunkRowCount = 256

    /// The schema of the memtables to search.
    public let schema: Schema
    let exact: ExactDistance
    let floats: UnsafeMutablePointer<Float>
    private(set) var bytes: ByteVector
    let chunkRows: UnsafeMutablePointer<UInt32>
    let chunkDistances: UnsafeMutablePointer<Float>
    var results = NearestRows()
    var candidates = NearestRows()
    var rerankRows: [UInt32] = []
    let graphScratch = SearchScratch()

    /// A query for memtables of `schema`, with a vector of zeros.
    public init(schema: Schema) {
        self.schema = schema
        exact = ExactDistance(
            schema.metric == .euclidean ? .squaredL2 : .innerProduct,
            element: schema.elementType.vectorElement, dimension: schema.dimension)
        bytes = ByteVector(dimension: schema.dimension)
        unsafe floats = UnsafeMutablePointer<Float>.allocate(capacity: schema.dimension)
        unsafe floats.initialize(repeating: 0, count: schema.dimension)
        unsafe chunkRows = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.chunkRowCount)
        unsafe chunkRows.initialize(repeating: 0, count: Self.chunkRowCount)
        unsafe chunkDistances = UnsafeMutablePointer<Float>.allocate(
            capacity: Self.chunkRowCount)
        unsafe chunkDistances.initialize(repeating: 0, count: Self.chunkRowCount)
    }

    deinit {
        unsafe floats.deallocate()
        unsafe chunkRows.deallocate()
        unsafe chunkDistances.deallocate()
    }

    /// Takes a vector of the schema's dimension: finite, and of length 1 under cosine.
    public func prepare(_ vector: UnsafePointer<Float>) {
        unsafe floats.update(from: vector, count: schema.dimension)
        if schema.elementType == .uint8 {
            // Whole numbers are their own codes: then the distances between codes are exact.
            let isWhole = unsafe withUnsafeTemporaryAllocation(
                of: UInt8.self, capacity: schema.dimension
            ) { whole in
                guard let base = whole.baseAddress,
                    unsafe VectorConversion.convert(
                        floats, count: schema.dimension, to: .uint8, into: base) == nil
                else {
                    return false
                }
                unsafe bytes.encode(UnsafePointer(base))
                return true
            }
            if isWhole { return }
        }
        unsafe bytes.encode(floats)
    }

    /// The metric's distance from what the exact kernel computes.
    @inline(__always)
    func distance(_ reduced: Float) -> Float {
        switch schema.metric {
        case .euclidean: reduced
        case .cosine: 1 - reduced
        case .innerProduct: -reduced
        }
    }
}
