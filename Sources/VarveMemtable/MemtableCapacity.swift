// How many rows, operations and bytes a memtable has room for.

public import VarveFormat
public import VarveGraph

/// The sizes a memtable reserves address space for, and what each thing in it costs.
///
/// One byte limit bounds everything together: rows, records, tables and the graph share it, so a
/// memtable of small rows with large attributes and one of large rows without any both fill up at
/// the limit.
public struct MemtableCapacity: Hashable, Sendable {
    /// Bytes the memtable may use in all.
    public let byteLimit: Int
    /// Rows there is address space for.
    public let rowCount: Int
    /// Operations there is address space for.
    public let operationCount: Int
    /// How the graph over the rows is built.
    public let graph: GraphParameters
    /// Bytes one row takes with its place in the graph, its operation, record and slot in the id
    /// table not counted.
    public let rowByteCount: Int
    /// Bytes between the beginnings of two rows' vectors.
    let vectorStride: Int
    /// Bytes between the beginnings of two rows' codes.
    let codeStride: Int
    /// Whether a row's vector is its own code.
    let sharesVectors: Bool

    /// Bytes one operation takes, its record and slot in the id table not counted.
    public static let operationByteCount = MemoryLayout<Operation>.stride

    /// The capacity of a memtable of `schema` in `byteLimit` bytes, with a graph of these
    /// parameters.
    ///
    /// There is room for one row at least, whatever the limit.
    public init(
        schema: Schema, byteLimit: Int, graph: GraphParameters = GraphParameters()
    ) {
        precondition(byteLimit > 0, "a memtable needs room")
        self.byteLimit = byteLimit
        codeStride = (schema.dimension + 63) & ~63
        sharesVectors = schema.elementType == .uint8
        vectorStride = sharesVectors ? codeStride : schema.vectorByteCount
        let codeByteCount = sharesVectors ? 0 : codeStride
        self.graph = graph
        let slackDegree = max(graph.maxDegree, Int(Float(graph.maxDegree) * graph.slack))
        let graphByteCount = 4 * slackDegree + 6
        rowByteCount =
            vectorStride + codeByteCount + RowStore.metadataByteCount + graphByteCount
        let mostRows = Int(Int32.max) - 1
        let leastOperation = Self.operationByteCount + 16
        rowCount = min(max(1, byteLimit / (rowByteCount + leastOperation)), mostRows)
        operationCount = min(max(1, byteLimit / leastOperation), mostRows)
    }
}
