// From a run of a bulk load to a verified segment file.

public import VarveFormat
internal import VarveGraph
public import VarveSegment
public import VarveStorage

/// Builds the graph of a run by leaf join and writes the segment, as a flush writes one: durable,
/// and verified by reading it back.
///
/// Not published: no manifest names the file yet. Whatever fails, the file is removed again as far
/// as the disk allows. The file depends on rows, plan and capacity alone, not on threads.
///
/// - Precondition: The run has rows, no two of one id.
/// - Throws: ``SegmentError``; `storage` of kind `noSpace` where the disk is full.
public func writeSegment(
    of run: BulkRun, _ plan: FlushPlan, _ capacity: BulkCapacity, fileSystem: any FileSystem,
    runtime: any Runtime, threadCount: Int
) throws(SegmentError) -> WrittenSegment {
    precondition(run.rowCount > 0, "a segment has rows")
    let liftNorm2 = run.encode(runtime: runtime, threadCount: threadCount)
    let layout = NodeLayout(
        schema: run.schema, maximumDegree: capacity.parameters.graph.maxDegree,
        rowCount: run.rowCount)
    let order = RowOrder(
        clustering: run.byteVectors, rowCount: run.rowCount, pageRowCount: layout.recordsPerPage,
        seed: capacity.parameters.graph.seed, runtime: runtime, threadCount: threadCount)
    run.apply(order)
    let vectors = run.byteVectors
    let graph = buildByLeafJoin(
        table: vectors, rowCount: run.rowCount, parameters: capacity.parameters, runtime: runtime,
        threadCount: threadCount
    ).graph
    let segment = plan.segment(
        schema: run.schema, graph: capacity.parameters.graph, liftNorm2: Float(liftNorm2),
        entryPoints: graph.entryPoints, listStarts: order.listStarts)
    let writing = VerifiedWriting(
        directory: plan.directory, fileSystem: fileSystem, runtime: runtime,
        threadCount: threadCount)
    return try writing.write(segment, rows: run, graph: graph, vectors: vectors)
}

extension BulkRun: SegmentRows {
    public func id(_ ordinal: RowOrdinal) throws(SegmentError) -> RecordID { id(ordinal.index) }

    public func withVector(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        unsafe body(
            UnsafeRawBufferPointer(start: vector(ordinal.index), count: schema.vectorByteCount))
    }

    public func withAttributes(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        unsafe body(attributes(ordinal.index))
    }
}
