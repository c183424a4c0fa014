// How good a graph is: recall and distances over a range of beam widths.

import Glibc
import VarveFormat
import VarveGraph
import VarveKernels

/// What searching a graph for the queries gave.
struct GraphQuality {
    /// Recall@10 at width 64.
    var recall = 0.0
    /// Distances a query at width 64.
    var distances = 0.0
    /// Distances a query at recall 0.95, between widths on a logarithmic scale; not a number if
    /// no width came so far.
    var distancesAt95 = Double.nan
}

/// Queries with their exact answers, as rows of the base file.
struct GraphJudge {
    private let queries: MatrixFile
    private let answers: [[Int]]
    private let metric: Metric
    private static let widths = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
    private static let k = 10

    /// The first `count` queries; answers that are not live give way to the next.
    init(
        queries: MatrixFile, truth: MatrixFile, metric: Metric, count: Int,
        isLive: (Int) -> Bool
    ) throws {
        guard truth.rowCount >= queries.rowCount, truth.columnCount >= Self.k else {
            throw MatrixFileProblem(description: "queries and answers do not belong together")
        }
        self.queries = queries
        self.metric = metric
        answers = (0..<min(count, queries.rowCount)).map {
            Array(truth.integers($0).filter { $0 >= 0 && isLive($0) }.prefix(Self.k))
        }
    }

    /// Searches `graph` over `rows` for all queries at growing widths.
    func quality(of graph: Adjacency, over rows: CodedRows) -> GraphQuality {
        var quality = GraphQuality()
        var last: (recall: Double, distances: Double)?
        for width in Self.widths {
            let point = measure(graph, rows, width: width)
            if width == 64 { (quality.recall, quality.distances) = point }
            if point.recall >= 0.95, quality.distancesAt95.isNaN {
                quality.distancesAt95 = Self.between(last, point, at: 0.95)
            }
            last = point
            if width >= 64 && !quality.distancesAt95.isNaN { break }
        }
        return quality
    }

    private static func between(
        _ a: (recall: Double, distances: Double)?, _ b: (recall: Double, distances: Double),
        at recall: Double
    ) -> Double {
        guard let a, b.recall > a.recall else { return b.distances }
        // Distances grow by a factor where the width does, so that is how they are interpolated.
        let share = (recall - a.recall) / (b.recall - a.recall)
        return a.distances * pow(b.distances / a.distances, share)
    }

    private func measure(
        _ graph: Adjacency, _ rows: CodedRows, width: Int
    ) -> (recall: Double, distances: Double) {
        let scratch = SearchScratch()
        var query = ByteVector(dimension: rows.dimension)
        var hits = 0
        var wanted = 0
        for (index, exact) in answers.enumerated() {
            let vector = prepared(queries.floats(index), metric)
            if queries.element == .uint8 && metric != .cosine {
                unsafe query.encode(vector.map { UInt8($0) })
            } else {
                unsafe query.encode(vector)
            }
            graph.search(query, width: width, table: rows.table, scratch: scratch)
            wanted += exact.count
            for rank in 0..<min(Self.k, scratch.resultCount) {
                let row = scratch.result(at: rank).row
                if exact.contains(Int(rows.baseRows[row.index])) { hits += 1 }
            }
        }
        let count = Double(scratch.statistics.searchDistanceCount)
        return (Double(hits) / Double(max(1, wanted)), count / Double(max(1, answers.count)))
    }
}
