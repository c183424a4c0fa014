// From a sealed memtable to a verified segment file.

public import VarveFormat
internal import VarveGraph
public import VarveMemtable
public import VarveSegment
public import VarveStorage

/// What a flush needs to know besides the rows.
public struct FlushPlan: Sendable {
    /// The store the segment belongs to.
    public var store: StoreID
    /// The store's directory.
    public var directory: FilePath
    /// The new segment's number.
    public var id: SegmentID
    /// The salt of the new file.
    public var file: FileID
    /// The writes the memtable holds.
    public var sequences: ClosedRange<SequenceNumber>
    /// The attribute names of the store, by id.
    public var attributes: [AttributeDefinition]
    /// Whether the segment gets blocks for walks in memory.
    public var includesWalk: Bool

    /// A plan of these parts.
    public init(
        store: StoreID, directory: FilePath, id: SegmentID, file: FileID,
        sequences: ClosedRange<SequenceNumber>, attributes: [AttributeDefinition],
        includesWalk: Bool = true
    ) {
        self.store = store
        self.directory = directory
        self.id = id
        self.file = file
        self.sequences = sequences
        self.attributes = attributes
        self.includesWalk = includesWalk
    }
}

/// Writes the live rows of a sealed memtable as a segment, syncs it and its name, and verifies it
/// by reading it back; nil if no row is alive.
///
/// Not published: no manifest names the file yet. Whatever fails, the file is removed again as far
/// as the disk allows.
///
/// - Throws: ``SegmentError``; `storage` of kind `noSpace` where the disk is full and the flush may
///   be tried again, with the same plan.
public func writeSegment(
    of sealed: SealedMemtable, _ plan: FlushPlan, fileSystem: any FileSystem,
    runtime: any Runtime, threadCount: Int
) throws(SegmentError) -> WrittenSegment? {
    guard sealed.rowCount > 0 else { return nil }
    let memtable = sealed.view.memtable
    let segment = plan.segment(
        schema: memtable.schema, graph: memtable.capacity.graph,
        liftNorm2: sealed.liftedNorm2.map { Float($0) } ?? 0,
        entryPoints: sealed.adjacency.entryPoints, listStarts: sealed.listStarts)
    let writing = VerifiedWriting(
        directory: plan.directory, fileSystem: fileSystem, runtime: runtime,
        threadCount: threadCount)
    return try writing.write(
        segment, rows: sealed, graph: sealed.adjacency, vectors: sealed.byteVectors)
}

extension FlushPlan {
    /// The plan of the segment, but for its rows.
    func segment(
        schema: Schema, graph: GraphParameters, liftNorm2: Float, entryPoints: [RowOrdinal],
        listStarts: [UInt32]
    ) -> SegmentPlan {
        SegmentPlan(
            store: store, id: id, file: file, schema: schema, sequences: sequences,
            graph: SegmentDescription.Graph(
                buildWidth: UInt32(graph.buildWidth), alpha: graph.alpha, slack: graph.slack,
                seed: graph.seed),
            liftNorm2: liftNorm2, entryPoints: entryPoints, listStarts: listStarts,
            includesWalk: includesWalk,
            attributes: attributes.enumerated().map {
                (id: AttributeID(UInt16($0.offset)), definition: $0.element)
            })
    }
}
