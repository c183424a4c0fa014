// Codes by themselves: what each kind takes, costs and finds without a look at the vectors.

import Varve
import VarveKernels
import VarveQuantization

/// `codes`: bytes, recall and scan time of each kind of code.
let codesCommand = Command(
    name: "codes",
    summary:
        "codes the rows in every kind and scans them all: bytes a row, recall@10 without rerank, "
        + "seconds to train and to encode, nanoseconds a row",
    options: [
        Option(name: "base", placeholder: "FILE", help: "the vectors: .fbin .f16bin .u8bin .i8bin"),
        Option(name: "query", placeholder: "FILE", help: "the queries"),
        Option(name: "gt", placeholder: "FILE", help: "exact answers, .ibin"),
        Option(name: "metric", placeholder: "l2|cosine|ip", help: "(l2)"),
        Option(
            name: "rows", placeholder: "N",
            help: "the first rows only; their answers are found here (all)"),
        Option(name: "queries", placeholder: "N", help: "the first queries only (200)"),
        Option(name: "threads", placeholder: "N", help: "threads that train (2)"),
    ],
    run: measureCodes)

private func measureCodes(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let sample = try CodedSample(arguments)
    let threadCount = try arguments.number("threads", default: 2)
    let byteVectors = ByteVectorCodes(sample)
    var kinds = [byteVectors.kind()]
    for span in [1, 2, 4] { kinds.append(rowCodes(sample, byteVectors, subspaceDimension: span)) }
    for (bits, span) in [(8, 1), (8, 2), (8, 4), (4, 1), (4, 2)] {
        let shape = ProductShape(
            dimension: sample.dimension, subspaceDimension: span,
            width: bits == 4 ? .bits4 : .bits8)
        kinds.append(productCodes(sample, shape, threadCount: threadCount))
    }
    kinds.append(signCodes(sample))
    let floatByteCount = Double(sample.givenDimension * 4)
    let measured = kinds.map { kind in
        let cost = sample.measure(kind)
        report("\(kind.name): recall \(cost.recall), \(cost.scanNanoseconds) ns a row")
        return JSONValue.object([
            ("kind", .text(kind.name)), ("bytes_a_row", .integer(kind.byteCount)),
            ("less_than_float32", .decimal(floatByteCount / Double(kind.byteCount), digits: 2)),
            ("recall10", .decimal(cost.recall, digits: 4)),
            ("train_s", .decimal(kind.trainingSeconds, digits: 3)),
            ("encode_s", .decimal(kind.encodingSeconds, digits: 3)),
            ("prepare_us", .decimal(cost.prepareMicroseconds, digits: 1)),
            ("scan_ns_a_row", .decimal(cost.scanNanoseconds, digits: 2)),
        ])
    }
    return [
        ("n", .integer(sample.rowCount)), ("d", .integer(sample.givenDimension)),
        ("queries", .integer(sample.queries.count)), ("threads", .integer(threadCount)),
        ("codes", .list(measured)),
    ]
}

/// A kind of code with the codes of all rows.
struct CodeKind {
    var name: String
    /// Of a row, with its factors.
    var byteCount: Int
    var trainingSeconds = 0.0
    var encodingSeconds = 0.0
    /// Makes a query ready.
    var prepare: ([Float]) -> Void
    /// Writes the distances of all rows to the query.
    var scan: (inout [Float]) -> Void
}

/// Rows and queries whose squared L2 distances rank as the metric does, with the exact answers.
struct CodedSample {
    /// Components the file gives.
    let givenDimension: Int
    /// Components of a row here: one more under inner product.
    let dimension: Int
    let rowCount: Int
    /// Row by row.
    let rows: [Float]
    let queries: [[Float]]
    private let answers: [Set<Int>]

    init(_ arguments: Arguments) throws {
        let base = try MatrixFile(try arguments.required("base"))
        let asked = try MatrixFile(try arguments.required("query"))
        let truth = try MatrixFile(try arguments.required("gt"))
        guard base.columnCount == asked.columnCount, truth.rowCount >= asked.rowCount,
            truth.columnCount >= 10
        else {
            throw MatrixFileProblem(description: "base, queries and answers do not belong together")
        }
        let metric = try arguments.choice(
            "metric", of: [("l2", .euclidean), ("cosine", .cosine), ("ip", .innerProduct)],
            default: Metric.euclidean)
        let rowCount = min(try arguments.number("rows", default: base.rowCount), base.rowCount)
        self.rowCount = rowCount
        givenDimension = base.columnCount
        let isLifted = metric == .innerProduct
        let dimension = base.columnCount + (isLifted ? 1 : 0)
        self.dimension = dimension
        var norms: [Float] = []
        if isLifted { norms = (0..<rowCount).map { squaredNorm(base.floats($0)) } }
        let most = norms.max() ?? 0
        var rows: [Float] = []
        rows.reserveCapacity(rowCount * dimension)
        for row in 0..<rowCount {
            rows += metric == .cosine ? normalised(base.floats(row)) : base.floats(row)
            if isLifted { rows.append((most - norms[row]).squareRoot()) }
        }
        let queryCount = min(asked.rowCount, try arguments.number("queries", default: 200))
        let queries = (0..<queryCount).map { number in
            let query = asked.floats(number)
            return isLifted ? query + [0] : metric == .cosine ? normalised(query) : query
        }
        answers = (0..<queryCount).map { number in
            guard rowCount < base.rowCount else { return Set(truth.integers(number).prefix(10)) }
            let query = queries[number]
            return Set(
                nearestTen(
                    (0..<rowCount).map { row in
                        var sum: Float = 0
                        for i in 0..<dimension {
                            let difference = query[i] - rows[row * dimension + i]
                            sum += difference * difference
                        }
                        return sum
                    }))
        }
        self.rows = rows
        self.queries = queries
    }

    /// Row `index`.
    func row(_ index: Int) -> [Float] { Array(rows[index * dimension..<(index + 1) * dimension]) }

    /// What a kind finds and costs: processor time, scans of a query's rows one behind the other.
    func measure(
        _ kind: CodeKind
    ) -> (recall: Double, prepareMicroseconds: Double, scanNanoseconds: Double) {
        var distances = [Float](repeating: 0, count: rowCount)
        var found = 0
        var (prepareSeconds, scanSeconds) = (0.0, 0.0)
        for (query, exact) in zip(queries, answers) {
            let start = threadSeconds()
            kind.prepare(query)
            let prepared = threadSeconds()
            kind.scan(&distances)
            scanSeconds += threadSeconds() - prepared
            prepareSeconds += prepared - start
            found += nearestTen(distances).count { exact.contains($0) }
        }
        let count = Double(queries.count)
        return (
            Double(found) / (10 * count), prepareSeconds / count * 1e6,
            scanSeconds / count / Double(rowCount) * 1e9
        )
    }
}

/// The numbers of the ten least distances, the first of equals.
private func nearestTen(_ distances: [Float]) -> [Int] {
    var nearest: [(distance: Float, row: Int)] = []
    for (row, distance) in distances.enumerated() {
        guard nearest.count < 10 || distance < nearest[9].distance else { continue }
        let place = nearest.firstIndex { distance < $0.distance } ?? nearest.count
        nearest.insert((distance, row), at: place)
        if nearest.count > 10 { nearest.removeLast() }
    }
    return nearest.map(\.row)
}

private func squaredNorm(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 } }

private func normalised(_ vector: [Float]) -> [Float] {
    let norm = squaredNorm(vector).squareRoot()
    return norm > 0 ? vector.map { $0 / norm } : vector
}
