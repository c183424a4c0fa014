// Many segments into one, a step at a time.

internal import VarveFormat
public import VarveGraph
internal import VarveKernels
public import VarveSegment
public import VarveStorage

/// How a merge is done.
public struct MergeSettings: Hashable, Sendable {
    /// Settings of the new graph; lists have this degree.
    public var graph: GraphParameters
    /// Bytes of tables from which on they go to scratch files, and of what the steps work with.
    public var memoryByteLimit: Int
    /// Bytes of scratch files that may stay in the process's memory: the codes of all rows had
    /// better find room in it, because every step asks for them.
    public var scratchByteLimit: Int
    /// Which way the graph is made; nil for what suits the sources.
    public var regime: MergeRegime?
    /// Takes this from the recall of every output that is no rebuild; for tests of the refusal.
    package var recallPenalty = 0.0

    /// Settings of these parts.
    public init(graph: GraphParameters, memoryByteLimit: Int, regime: MergeRegime? = nil) {
        self.graph = graph
        self.memoryByteLimit = memoryByteLimit
        scratchByteLimit = memoryByteLimit / 2
        self.regime = regime
    }
}

/// A merge of segments on its way: live rows are copied, graphs merged, the output written, read
/// back and judged.
///
/// Used by one thread at a time. Whoever runs it makes one step after the other, and may rest
/// between them, or drop the merge after ``abandon()``. What comes out depends on inputs, plan and
/// settings alone: not on threads, rests, or what fits into memory.
public final class SegmentMerge {
    let inputs: [MergeInput]
    let plan: FlushPlan
    let settings: MergeSettings
    let fileSystem: any FileSystem
    let runtime: any Runtime
    let schema: Schema
    private(set) var ordinals: MergedOrdinals
    private let keptRowCount: Int
    private let memory: WorkingMemory
    private let pulse: WorkPulse
    private let spool: MergeSpool
    private var lists: MergeLists?
    private var gathering: MergeGathering?
    private var entries: [[RowOrdinal]] = []
    private var regime = MergeRegime.rebuild
    private var linking: GraphMerge?
    private var graph: Adjacency?
    private var order: RowOrder?
    private var distanceCount: UInt64 = 0
    private var writtenByteCount: UInt64 = 0
    private var written: WrittenSegment?
    private var refused: MergeJudgement?
    private var phase = MergeStep.Phase.gathering
    /// What has become of the merge; nil until it has ended.
    public private(set) var outcome: MergeOutcome?

    /// Prepares a merge; reads and writes nothing but empty scratch files.
    ///
    /// - Parameter pulse: Asked while the output is written and read back; what it lets pass is no
    ///   part of the bytes that steps report.
    /// - Precondition: There is an input, and all are of one schema.
    public init(
        _ inputs: [MergeInput], _ plan: FlushPlan, _ settings: MergeSettings,
        fileSystem: any FileSystem, runtime: any Runtime, pulse: WorkPulse = .steady
    ) throws(SegmentError) {
        self.pulse = pulse
        precondition(!inputs.isEmpty, "a merge has inputs")
        self.inputs = inputs
        self.plan = plan
        self.settings = settings
        self.fileSystem = fileSystem
        self.runtime = runtime
        let schema = inputs[0].reader.schema
        self.schema = schema
        precondition(inputs.allSatisfy { $0.reader.schema == schema }, "one schema")
        ordinals = MergedOrdinals(inputs)
        let count = inputs.reduce(0) { $0 + $1.keptRowCount }
        keptRowCount = count
        let attributeByteCount = try MergeGathering.attributeByteCount(of: inputs)
        let needed =
            count * Self.rowByteCount(schema, maxDegree: settings.graph.maxDegree)
            + attributeByteCount
        let isSpilled = needed > settings.memoryByteLimit
        let names = ScratchNames(
            fileSystem: fileSystem, directory: plan.directory, id: plan.id)
        memory =
            isSpilled ? names.memory(byteLimit: settings.scratchByteLimit) : .process
        let norm2 = inputs.map { Double($0.reader.description.liftNorm2) }.max() ?? 0
        spool = try storing { () throws(StorageError) in
            try MergeSpool(
                schema, rowCount: count, liftNorm2: norm2, attributeByteCount: attributeByteCount,
                scratch: isSpilled ? names : nil)
        }
        if isSpilled {
            memory.onRelief { [weak spool] in spool?.forgetPages() }
        }
        guard count > 0 else {
            outcome = MergeOutcome(
                written: nil, ordinals: ordinals, regime: "none", distanceCount: 0)
            phase = .finished
            return
        }
        lists = MergeLists(
            rowCount: count, maxDegree: settings.graph.maxDegree, memory: memory)
    }

    /// Bytes that tables take for each row, if nothing is spilled: vectors and codes, lists three
    /// times, rotated codes, orders.
    private static func rowByteCount(_ schema: Schema, maxDegree: Int) -> Int {
        MergeSpool.rowByteCount(schema) + 3 * (4 * maxDegree + 2)
            + ByteRow.paddedCount(dimension: schema.dimension) + ByteRow.byteCount + 64
    }

    /// How far the merge is.
    public var progress: MergeStep { report(0) }

    /// Does the next piece of work: a window of rows, a stretch of the graph, the output, judging.
    ///
    /// Writing and reading back the output ask the pulse every few MiB or tenths of a second.
    ///
    /// - Throws: ``SegmentError``: of an input that is damaged, of the output if it cannot be read
    ///   back, `storage` of kind `noSpace` where the disk is full. The merge is over then; nothing
    ///   of it is left behind as far as the disk allows.
    @discardableResult
    public func step(threadCount: Int) throws(SegmentError) -> MergeStep {
        var byteCount = 0
        do {
            switch phase {
            case .gathering: byteCount = try gather()
            case .linking: try link(threadCount: threadCount)
            case .writing: try write(threadCount: threadCount)
            case .judging: try judge()
            case .finished: break
            }
        } catch {
            abandon()
            throw error
        }
        memory.relieve()
        return report(byteCount)
    }

    /// Removes what the merge has written, as far as the disk allows; it is over.
    public func abandon() {
        guard outcome == nil || outcome?.written != nil else { return }
        phase = .finished
        outcome = nil
        if written != nil { removeOutput() }
        written = nil
    }

    private func removeOutput() {
        try? fileSystem.remove(plan.directory.appending(FileNames.segment(plan.id)))
    }

    // MARK: - Steps

    private func gather() throws(SegmentError) -> Int {
        guard let lists else { return 0 }
        let current: MergeGathering
        if let gathering {
            current = gathering
        } else {
            let input = inputs[entries.count]
            current = try MergeGathering(input, number: entries.count)
            gathering = current
        }
        let byteCount = try current.copyWindow(ordinals, into: spool, lists)
        guard current.isFinished else { return byteCount }
        entries.append(current.entries(ordinals))
        gathering = nil
        guard entries.count == inputs.count else { return byteCount }
        try storing { () throws(StorageError) in try spool.seal() }
        beginLinking()
        return byteCount
    }

    private var sources: [MergeSource] {
        zip(inputs, entries).map { input, entries in
            MergeSource(
                rowCount: input.keptRowCount, deletedRowCount: input.dropped.count,
                mergeCount: Int(input.reader.description.graph.mergeCount), entryRows: entries)
        }
    }

    private func beginLinking() {
        guard let lists else { return }
        // The rows of a refused output do not lie by source any more, and need not.
        let sources = refused == nil ? sources : [MergeSource(rowCount: keptRowCount)]
        regime = settings.regime ?? chooseRegime(for: sources)
        if refused != nil { regime = .rebuild }
        // The lists have been written, and all rows are asked for first.
        memory.giveBackRegions()
        var parameters = MergeParameters()
        parameters.graph = settings.graph
        parameters.memoryByteLimit = settings.memoryByteLimit / 2
        linking = GraphMerge(
            table: spool.byteVectors, lists: lists, sources: sources, regime: regime,
            parameters: parameters, memory: memory, runtime: runtime)
        phase = .linking
    }

    private func link(threadCount: Int) throws(SegmentError) {
        guard let linking else { return }
        guard linking.step(threadCount: threadCount).isFinished else { return }
        let result = linking.finish(threadCount: threadCount)
        // What linking worked with goes before the rows are clustered, which takes memory too.
        self.linking = nil
        lists = nil
        releaseUnusedMemory()
        order = RowOrder(
            clustering: spool.byteVectors, rowCount: keptRowCount,
            pageRowCount: NodeLayout(
                schema: schema, maximumDegree: settings.graph.maxDegree, rowCount: keptRowCount
            ).recordsPerPage, seed: settings.graph.seed, memory: memory, runtime: runtime,
            threadCount: threadCount)
        graph = result.graph
        distanceCount +=
            result.statistics.searchDistanceCount + result.statistics.pruneDistanceCount
        phase = .writing
    }

    /// Writes the rows in an order that keeps near ones together.
    private func write(threadCount: Int) throws(SegmentError) {
        guard let order,
            let graph = graph?.reordered(
                by: order.rows.map { RowOrdinal($0) }, memory: memory)
        else { return }
        // The lists in their old order are needed no longer, and as large as the new ones.
        self.graph = nil
        releaseUnusedMemory()
        try storing { () throws(StorageError) in try spool.apply(order, memory) }
        ordinals.reorder(by: order.rows)
        let counts = inputs.map { $0.reader.description.graph.mergeCount }
        let mergeCount = regime == .rebuild ? 0 : min(254, counts.max() ?? 0) + 1
        var segment = plan.segment(
            schema: schema, graph: settings.graph, liftNorm2: liftNorm2,
            entryPoints: graph.entryPoints, listStarts: order.listStarts)
        segment.graph.mergeCount = mergeCount
        let writing = VerifiedWriting(
            directory: plan.directory, fileSystem: fileSystem, runtime: runtime,
            threadCount: threadCount, memory: memory, pulse: pulse)
        written = try writing.write(
            segment, rows: spool, graph: graph, vectors: spool.byteVectors)
        writtenByteCount += written?.record.byteCount ?? 0
        phase = .judging
    }

    private var liftNorm2: Float { inputs.map(\.reader.description.liftNorm2).max() ?? 0 }

    private func judge() throws(SegmentError) {
        guard let written else { return }
        // Rows and lists are asked for again only if the output is refused.
        memory.giveBackAll()
        var judgement = try MergeCanary(
            inputs: inputs, output: written.record, fileSystem: fileSystem,
            directory: plan.directory
        ).judge()
        if regime != .rebuild { judgement?.outputRecall -= settings.recallPenalty }
        if let judgement, judgement.isTooLow, regime != .rebuild {
            refused = judgement
            removeOutput()
            self.written = nil
            lists = MergeLists(
                rowCount: keptRowCount, maxDegree: settings.graph.maxDegree, memory: memory)
            beginLinking()
            return
        }
        phase = .finished
        outcome = MergeOutcome(
            written: written, ordinals: ordinals, regime: regime.rawValue, judgement: judgement,
            refused: refused, writtenByteCount: writtenByteCount, distanceCount: distanceCount)
    }

    private func report(_ byteCount: Int) -> MergeStep {
        let share: Double =
            switch phase {
            case .gathering:
                0.1 * Double(spool.rowCount) / Double(max(1, keptRowCount))
            case .linking: 0.1 + 0.5 * (linking?.progress.share ?? 0)
            case .writing: 0.6
            case .judging: 0.95
            case .finished: 1
            }
        return MergeStep(phase: phase, share: share, byteCount: byteCount)
    }
}

/// Runs `body`, its error as that of a segment.
func storing<R>(_ body: () throws(StorageError) -> R) throws(SegmentError) -> R {
    do { return try body() } catch { throw .storage(error) }
}
