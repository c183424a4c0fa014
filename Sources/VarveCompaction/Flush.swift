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

    /// A plan of these parts.
    public init(
        store: StoreID, directory: FilePath, id: SegmentID, file: FileID,
        sequences: ClosedRange<SequenceNumber>, attributes: [AttributeDefinition]
    ) {
        self.store = store
        self.directory = directory
        self.id = id
        self.file = file
        self.sequences = sequences
        self.attributes = attributes
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
) throws(SegmentError) -> SegmentRecord? {
    guard sealed.rowCount > 0 else { return nil }
    let path = plan.directory.appending(FileNames.segment(plan.id))
    // An earlier attempt that was cut off may have left its file; no manifest has ever named it.
    try storing { () throws(StorageError) in
        if try fileSystem.status(path) != nil { try fileSystem.remove(path) }
    }
    let graph = sealed.view.memtable.capacity.graph
    let segment = SegmentPlan(
        store: plan.store, id: plan.id, file: plan.file, schema: sealed.view.memtable.schema,
        sequences: plan.sequences,
        graph: SegmentDescription.Graph(
            buildWidth: UInt32(graph.buildWidth), alpha: graph.alpha, slack: graph.slack,
            seed: graph.seed),
        liftNorm2: sealed.liftedNorm2.map { Float($0) } ?? 0,
        entryPoints: sealed.adjacency.entryPoints,
        attributes: plan.attributes.enumerated().map {
            (id: AttributeID(UInt16($0.offset)), definition: $0.element)
        })
    let builder = SegmentBuilder(
        fileSystem: fileSystem, runtime: runtime, threadCount: threadCount)
    let record = try builder.build(
        segment, rows: sealed, graph: sealed.adjacency, vectors: sealed.byteVectors, at: path)
    do {
        try storing { () throws(StorageError) in try fileSystem.syncDirectory(path.parent) }
        _ = try SegmentVerification(verifying: path, of: fileSystem, against: record)
    } catch {
        // The first error is what the caller must hear of.
        try? fileSystem.remove(path)
        throw error
    }
    return record
}

private func storing<R>(
    _ body: () throws(StorageError) -> R
) throws(SegmentError) -> R {
    do { return try body() } catch { throw .storage(error) }
}
