// A query as segments take it, with the memory a search needs.

public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

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
    /// The squared norm of the query.
    private(set) var norm2: Float = 0
    /// Which of the last query vectors the tables are for.
    private(set) var generation = 0
    private var tables: [(rotation: Rotation, table: QueryTable, generation: Int)] = []
    let pages = PageSearch(pageRowLimit: pageRecordLimit)
    let walkScratch = WalkScratch()
    let rerank = RerankRoom()
    /// Walks that are taken in two parts, over segments that are searched together.
    var pausedWalks: [PausedWalk] = []
    /// Results of a walk that pass.
    var passingRanks: [Int] = []
    /// The distances known elsewhere, as distances of codes.
    var knownCodeDistances: [Float] = []
    /// The effort by width counts what earlier segments of the same search have expanded.
    public var keepsFront = false
    /// The query as codes.
    private(set) var bytes: ByteVector

    /// More than the most records of one page.
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
        bytes = ByteVector(dimension: schema.dimension)
        // One more component, always zero: the lift of a query.
        unsafe floats = .allocate(capacity: schema.dimension + 1)
        unsafe floats.initialize(repeating: 0, count: schema.dimension + 1)
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
        encodeBytes()
        norm2 = Float(unsafe VectorConversion.squaredNorm(vector, count: schema.dimension))
        generation += 1
    }

    /// Makes the codes: exactly where the rows are their own codes and the query is such a row.
    private func encodeBytes() {
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

    /// The products of the query with the centroids under `rotation`; made once for each query.
    func table(_ rotation: Rotation) -> QueryTable {
        let place: Int
        if let found = tables.firstIndex(where: { $0.rotation === rotation }) {
            place = found
        } else {
            // As many as a store has large segments; the oldest goes.
            if tables.count >= 16 { tables.removeFirst() }
            tables.append((rotation, QueryTable(rotation: rotation), 0))
            place = tables.count - 1
        }
        if tables[place].generation != generation {
            unsafe tables[place].table.prepare(floats)
            tables[place].generation = generation
        }
        return tables[place].table
    }

    /// The squared distance between the (lifted) vectors that codes stand for, from an exact
    /// distance.
    func codeDistance(_ distance: Float, liftNorm2: Float) -> Float {
        switch schema.metric {
        case .euclidean: distance
        case .cosine: 2 * distance
        case .innerProduct: norm2 + liftNorm2 + 2 * distance
        }
    }

    /// About the metric's distance, from the squared distance between the (lifted) vectors that
    /// codes stand for.
    func metricDistance(_ distance: Float, liftNorm2: Float) -> Float {
        switch schema.metric {
        case .euclidean: distance
        case .cosine: distance / 2
        case .innerProduct: (distance - norm2 - liftNorm2) / 2
        }
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
