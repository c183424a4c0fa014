// One experiment: rows, their segments, and the ways to make one graph of them.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

/// Rows in segments with graphs, and the phases that are measured on them.
struct CompactionStudy {
    let base: MatrixFile
    let all: CodedRows
    private let judge: GraphJudge
    let segments: [[UInt32]]
    private let deletedShare: Double
    private let drift: Drift
    private let threadCount: Int
    let metric: Metric
    let parameters: MergeParameters
    private let sources: [SourceGraph]

    /// How often segments are merged.
    enum Drift: String {
        case none, levels, increments
    }

    init(_ arguments: Arguments) throws {
        base = try MatrixFile(try arguments.required("base"))
        metric = try arguments.choice(
            "metric", of: [("l2", .euclidean), ("cosine", .cosine), ("ip", .innerProduct)],
            default: Metric.euclidean)
        guard let share = Double(arguments.text("deleted") ?? "0"), (0..<1).contains(share) else {
            throw UsageProblem(description: "--deleted is a share from 0 to below 1")
        }
        deletedShare = share
        drift = try arguments.choice(
            "drift", of: [("none", .none), ("levels", .levels), ("increments", .increments)],
            default: .none)
        threadCount = try arguments.number("threads", default: 2)
        var parameters = MergeParameters()
        parameters.memoryByteLimit = try arguments.number("memory", default: 256) << 20
        self.parameters = parameters
        all = try CodedRows(base, metric: metric)
        judge = try GraphJudge(
            queries: try MatrixFile(try arguments.required("query")),
            truth: try MatrixFile(try arguments.required("gt")), metric: metric,
            count: try arguments.number("queries", default: 1_000),
            isLive: { Self.isLive(UInt32($0), share) })
        let rows = shuffled(all.baseRows, salt: 1)
        let sizes =
            switch drift {
            case .none: try arguments.numbers("segments", default: [1, 1, 1, 1])
            case .levels: [Int](repeating: 1, count: 16)
            case .increments: [10] + [Int](repeating: 1, count: 10)
            }
        let isClustered = try arguments.choice(
            "split", of: [("random", false), ("clustered", true)], default: false)
        segments =
            isClustered
            ? clustered(rows, of: all, base, count: sizes.count) : cut(rows, sizes: sizes)
        // Graphs of their own are needed for the phases only.
        let needsGraphs = arguments.text("store") != "only"
        var sources: [SourceGraph] = []
        for segment in segments where needsGraphs {
            let rows = try CodedRows(segment, of: all)
            let graph = try insertionGraph(rows, parameters.graph, threadCount: threadCount).graph
            sources.append(SourceGraph(baseRows: segment, graph: graph))
        }
        self.sources = sources
    }

    var dimension: Int { base.columnCount }

    var fields: [(name: String, value: JSONValue)] {
        [
            ("rows", .integer(base.rowCount)),
            ("segments", .list(segments.map { .integer($0.count) })),
            ("deleted", .decimal(deletedShare, digits: 3)),
            ("drift", .text(drift.rawValue)),
        ]
    }

    private static func isLive(_ row: UInt32, _ deletedShare: Double) -> Bool {
        Double(mixed(row, 2)) >= deletedShare * 4_294_967_296
    }

    func isLive(_ row: UInt32) -> Bool { Self.isLive(row, deletedShare) }

    // MARK: - Phases

    /// All live rows, inserted in an order that looks random.
    func insertion() throws -> CompactionPhase {
        let rows = try CodedRows(
            shuffled(all.baseRows, salt: 3).filter(isLive), of: all)
        return try phase(rows) {
            try insertionGraph(rows, parameters.graph, threadCount: threadCount)
        }
    }

    /// All live rows, joined leaf by leaf.
    func rebuild() throws -> CompactionPhase {
        let rows = try CodedRows(
            shuffled(all.baseRows, salt: 3).filter(isLive), of: all)
        let lists = MergeLists(rowCount: rows.rowCount, maxDegree: parameters.graph.maxDegree)
        return try phase(rows) {
            made(
                rows.table, lists, [MergeSource(rowCount: rows.rowCount)], .rebuild,
                parameters)
        }
    }

    /// The segments' graphs, merged as the drift says; costs are those of the last merge.
    func merge(
        _ regime: MergeRegime?, _ parameters: MergeParameters
    ) throws -> CompactionPhase {
        var sources = sources
        let merged = { (sources: [SourceGraph]) in
            try self.merged(sources, regime, parameters)
        }
        switch drift {
        case .none: break
        case .levels:
            sources = try stride(from: 0, to: 16, by: 4).map {
                try merged(Array(sources[$0..<$0 + 4])).source
            }
        case .increments:
            var first = sources[0]
            for next in sources[1..<10] { first = try merged([first, next]).source }
            sources = [first, sources[10]]
        }
        return try merged(sources).phase
    }

    private func merged(
        _ sources: [SourceGraph], _ regime: MergeRegime?, _ parameters: MergeParameters
    ) throws -> (source: SourceGraph, phase: CompactionPhase) {
        let input = try MergeInput(
            sources, of: all, maxDegree: parameters.graph.maxDegree, isLive: isLive)
        let regime = regime ?? chooseRegime(for: input.sources)
        var graph: Adjacency?
        var phase = try phase(input.rows) {
            let made = made(
                input.rows.table, input.lists, input.sources, regime, parameters)
            graph = made.graph
            return made
        }
        phase.regime = regime
        guard let graph else { throw UsageProblem(description: "no graph was made") }
        let mergeCount = regime == .rebuild ? 0 : (sources.map(\.mergeCount).max() ?? 0) + 1
        let source = SourceGraph(
            baseRows: input.rows.baseRows, graph: graph, mergeCount: mergeCount)
        return (source, phase)
    }

    private func made(
        _ table: ByteVectorTable, _ lists: MergeLists, _ sources: [MergeSource],
        _ regime: MergeRegime, _ parameters: MergeParameters
    ) -> (graph: Adjacency, statistics: GraphStatistics) {
        GraphMerge(
            table: table, lists: lists, sources: sources, regime: regime, parameters: parameters,
            runtime: SystemRuntime()
        ).finish(threadCount: threadCount)
    }

    private func phase(
        _ rows: CodedRows,
        _ make: () throws -> (graph: Adjacency, statistics: GraphStatistics)
    ) throws -> CompactionPhase {
        var phase = CompactionPhase()
        let start = monotonicNanoseconds()
        let processorBefore = processorSeconds()
        let made = try make()
        phase.processorSeconds = processorSeconds() - processorBefore
        phase.seconds = seconds(since: start)
        phase.statistics = made.statistics
        let degrees = (0..<rows.rowCount).reduce(0) {
            $0 + made.graph.degree(of: RowOrdinal(UInt32($1)))
        }
        phase.meanDegree = Double(degrees) / Double(max(1, rows.rowCount))
        phase.quality = judge.quality(of: made.graph, over: rows)
        return phase
    }
}
