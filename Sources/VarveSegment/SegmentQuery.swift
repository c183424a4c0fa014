// A query as segments take it, with the memory a search needs.

public import VarveFormat
package import VarveGraph
import VarveKernels
import VarveQuantization

/// A query vector prepared for a schema, and the buffers of the searches that use it.
///
/// Make one per thread, give it one vector after the other and search any number of segments of the
/// schema. Not for use from two threads at once.
@safe public final class SegmentQuery {
    /// The query vector.
    package let vector: QueryVector
    /// Distances of the records of one page.
    let distances: UnsafeMutablePointer<Float>
    var results = NearestRows()
    private var tables: [(rotation: Rotation, table: QueryTable, generation: Int, isShared: Bool)] =
        []
    private let rotated = RotatedQuery()
    private var rotatedGeneration = 0
    let pages = PageSearch(pageRowLimit: pageRecordLimit)
    /// The place of the segment that the last search by pages failed over.
    public internal(set) var failedSlot: Int?
    let walkScratch = WalkScratch()
    let rerank = RerankRoom()
    /// Walks over segments that are searched together.
    var joinedWalks: [JoinedWalk] = []
    let walksTogether = WalksTogether()
    /// The nearest rows of all of them.
    let nearest = NearestAcross()
    /// Results of a walk that pass.
    var passingRanks: [Int] = []
    /// The effort by width counts what earlier segments of the same search have expanded.
    ///
    /// Only walks over blocks have such a front; what one of an earlier vector has left is never
    /// counted.
    public var keepsFront = false
    /// The vector whose walk has left the front; see ``QueryVector/generation``.
    var frontGeneration = -1

    /// More than the most records of one page.
    static let pageRecordLimit = SegmentBlocks.pageByteCount

    /// A query for segments of `schema`, with a vector of zeros.
    public convenience init(schema: Schema) { self.init(QueryVector(schema: schema)) }

    /// The searches of `vector`, which others may use as well.
    package init(_ vector: QueryVector) {
        self.vector = vector
        unsafe distances = .allocate(capacity: Self.pageRecordLimit)
        unsafe distances.initialize(repeating: 0, count: Self.pageRecordLimit)
    }

    deinit { unsafe distances.deallocate() }

    /// The schema of the segments to search.
    public var schema: Schema { vector.schema }

    /// Takes a vector of the schema's dimension: finite, and of length 1 under cosine.
    public func prepare(_ vector: UnsafePointer<Float>) {
        unsafe self.vector.prepare(vector)
    }

    /// The products of the query with the centroids under `rotation`; made once for each query.
    ///
    /// - Parameter isShared: Whether the query is rotated once for all segments: the table may
    ///   differ from that of a query alone by what rounding does.
    func table(_ rotation: Rotation, isShared: Bool = false) -> QueryTable {
        let place: Int
        if let found = tables.firstIndex(where: { $0.rotation === rotation }) {
            place = found
        } else {
            // As many as a store has large segments; the oldest goes.
            if tables.count >= 64 { tables.removeFirst() }
            tables.append((rotation, QueryTable(rotation: rotation), 0, false))
            place = tables.count - 1
        }
        let table = tables[place].table
        guard tables[place].generation != vector.generation || tables[place].isShared != isShared
        else {
            return table
        }
        if isShared {
            if rotatedGeneration != vector.generation || !rotated.isFor(rotation) {
                unsafe rotated.prepare(vector.floats, rotation)
                rotatedGeneration = vector.generation
            }
            table.prepare(rotated)
        } else {
            unsafe table.prepare(vector.floats)
        }
        tables[place].generation = vector.generation
        tables[place].isShared = isShared
        return table
    }
}
