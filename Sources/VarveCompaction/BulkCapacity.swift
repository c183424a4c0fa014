// How much memory a row of a bulk load takes while its segment is made.

public import VarveFormat
public import VarveGraph
internal import VarveKernels

/// What the rows of a run cost, gathered and linked.
public struct BulkCapacity: Hashable, Sendable {
    /// The shape of the vectors.
    public let schema: Schema
    /// How the graph is built.
    public let parameters: LeafJoinParameters
    /// Bytes between the beginnings of two rows' vectors.
    let vectorStride: Int
    /// Bytes between the beginnings of two rows' codes.
    let codeStride: Int
    /// Whether a row's vector is its own code.
    let sharesVectors: Bool
    /// Bytes of a row besides its attributes, the text of its id and links back.
    private let rowByteCount: Int
    /// Bytes of links back a row brings, up to ``linkByteLimit`` in all.
    private let linkByteCount: Int

    /// Rows that a graph can have.
    public static let maximumRowCount = Int(Int32.max) - 1
    private static let linkByteLimit = 64 << 20
    /// An id, with the growth of the list it stands in, and the place of an attribute record.
    private static let entryByteCount = 48
    /// The order of the ids and their filter, while the segment is written.
    private static let orderByteCount = 24

    /// The capacity for rows of `schema` and graphs like those of flushes.
    public init(schema: Schema, graph: GraphParameters) {
        self.schema = schema
        var parameters = LeafJoinParameters()
        parameters.graph = graph
        // For an eighth more work, searches of the same width find as much as in graphs of flushes.
        parameters.graph.fillsLists = true
        // Many leaves a row, few neighbours from each: 138 steps at recall .99 instead of 194 with
        // eight leaves, for a twentieth more work.
        parameters.fan = 12
        parameters.neighboursPerLeaf = 8
        parameters.candidateCount = max(parameters.candidateCount, graph.maxDegree)
        self.parameters = parameters
        codeStride = ByteRow.paddedCount(dimension: schema.dimension)
        sharesVectors = schema.elementType == .uint8
        vectorStride = sharesVectors ? codeStride : schema.vectorByteCount
        // Candidates, leaves, and lists twice: before they are filled and after.
        let joinByteCount =
            8 * parameters.candidateCount + 8 * parameters.fan + 8 * graph.maxDegree + 11
        rowByteCount =
            vectorStride + (sharesVectors ? 0 : codeStride) + ByteRow.byteCount + joinByteCount
            + Self.entryByteCount + Self.orderByteCount
        linkByteCount = 8 * graph.maxDegree
    }

    /// Bytes that `rowCount` rows take at the height of building, attributes and texts left out.
    public func byteCount(rowCount: Int) -> Int {
        let (rows, overflow) = rowCount.multipliedReportingOverflow(by: rowByteCount)
        guard !overflow else { return .max }
        return rows + min(rowCount * linkByteCount, Self.linkByteLimit)
    }

    /// The most rows that take at most `byteCount` bytes, at least one.
    public func rowCount(byteCount: Int) -> Int {
        let few = byteCount / (rowByteCount + linkByteCount)
        let many = (byteCount - Self.linkByteLimit) / rowByteCount
        return min(max(1, few, many), Self.maximumRowCount)
    }
}
