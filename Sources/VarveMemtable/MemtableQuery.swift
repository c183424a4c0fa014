// A query as the memtable's kernels take it, with the memory a search needs.

public import VarveFormat
package import VarveGraph

/// A query vector prepared for a schema, and the buffers of the searches that use it.
///
/// Make one per thread, give it one vector after the other and search any number of memtables of
/// the schema: nothing is allocated but results. Not for use from two threads at once.
@safe public final class MemtableQuery {
    /// Rows whose distances are computed by one call of a kernel.
    static let chunkRowCount = 256

    /// The query vector.
    package let vector: QueryVector
    let chunkRows: UnsafeMutablePointer<UInt32>
    let chunkDistances: UnsafeMutablePointer<Float>
    var results = NearestRows()
    var candidates = NearestRows()
    var rerankRows: [UInt32] = []
    let graphScratch = SearchScratch()

    /// A query for memtables of `schema`, with a vector of zeros.
    public convenience init(schema: Schema) { self.init(QueryVector(schema: schema)) }

    /// The searches of `vector`, which others may use as well.
    package init(_ vector: QueryVector) {
        self.vector = vector
        unsafe chunkRows = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.chunkRowCount)
        unsafe chunkRows.initialize(repeating: 0, count: Self.chunkRowCount)
        unsafe chunkDistances = UnsafeMutablePointer<Float>.allocate(
            capacity: Self.chunkRowCount)
        unsafe chunkDistances.initialize(repeating: 0, count: Self.chunkRowCount)
    }

    deinit {
        unsafe chunkRows.deallocate()
        unsafe chunkDistances.deallocate()
    }

    /// The schema of the memtables to search.
    public var schema: Schema { vector.schema }

    /// Takes a vector of the schema's dimension: finite, and of length 1 under cosine.
    public func prepare(_ vector: UnsafePointer<Float>) {
        unsafe self.vector.prepare(vector)
    }
}
