// What a segment about to be written is, apart from its rows.

public import VarveFormat

/// Everything a builder needs to know that is not in the rows or the graph.
///
/// Equal plans, rows and graphs give byte-identical files.
public struct SegmentPlan: Sendable {
    /// The store the segment belongs to.
    public var store: StoreID
    /// The segment's number.
    public var id: SegmentID
    /// The salt of the file's checksums: random bits, never used before in the store.
    public var file: FileID
    /// The shape of the vectors.
    public var schema: Schema
    /// The first and last sequence number of the writes in the segment.
    public var sequences: ClosedRange<SequenceNumber>
    /// How the graph was built.
    public var graph: SegmentDescription.Graph
    /// For inner products: the squared norm all vectors are lifted to; else zero.
    public var liftNorm2: Float
    /// Where walks begin, the graph's start first.
    public var entryPoints: [RowOrdinal]
    /// Where each list of near rows begins, and behind them the number of rows; empty where the
    /// rows are in no such order.
    public var listStarts: [UInt32]
    /// Whether the segment gets blocks for walks in memory: faster searches for about as many bytes
    /// again.
    public var includesWalk: Bool
    /// The attributes the rows may use, ascending by number.
    public var attributes: [(id: AttributeID, definition: AttributeDefinition)]

    /// A plan of these parts.
    public init(
        store: StoreID, id: SegmentID, file: FileID, schema: Schema,
        sequences: ClosedRange<SequenceNumber>, graph: SegmentDescription.Graph,
        liftNorm2: Float = 0, entryPoints: [RowOrdinal],
        listStarts: [UInt32] = [], includesWalk: Bool = true,
        attributes: [(id: AttributeID, definition: AttributeDefinition)] = []
    ) {
        self.store = store
        self.id = id
        self.file = file
        self.schema = schema
        self.sequences = sequences
        self.graph = graph
        self.liftNorm2 = liftNorm2
        self.entryPoints = entryPoints
        self.listStarts = listStarts
        self.includesWalk = includesWalk
        self.attributes = attributes
    }
}
