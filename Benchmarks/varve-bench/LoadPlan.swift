// What a measurement loads into a store, as its options say.

import Varve
import VarveFormat

/// Rows, where they go and how they are written.
struct LoadPlan: Sendable {
    let base: MatrixFile
    let rowCount: Int
    /// The attributes of each row; empty if there are none.
    let attributes: [[String: AttributeValue]]
    let schema: Schema
    var storeOptions: Options
    let rowsPerBatch: Int
    /// How rows come into the store.
    let way: Way
    /// Rows of each segment of a bulk load, where it is to have certain ones.
    let segmentRowCounts: [Int]?
    /// Where the store goes.
    let storePath: String

    /// The ways in which rows come into a store.
    enum Way: String {
        /// Written batch by batch, through log and memtables.
        case batches
        /// Loaded at once into one segment, whatever the budget.
        case bulk
        /// Loaded at once into as many segments as the budget asks for.
        case runs
    }

    /// The option that chooses the way.
    static let loadOption = Option(
        name: "load", placeholder: "batches|bulk|runs",
        help: "write batch by batch, or load all rows at once: into one segment, or into as many "
            + "as the budget asks for (batches)")

    /// The options that ``init(_:)`` reads.
    static let options = [
        Option(name: "base", placeholder: "FILE", help: "the vectors: .fbin .f16bin .u8bin .i8bin"),
        Option(
            name: "attributes", placeholder: "FILE", help: "their attributes, JSON Lines (none)"),
        Option(name: "rows", placeholder: "N", help: "take only the first rows (all)"),
        Option(name: "metric", placeholder: "l2|cosine|ip", help: "(l2)"),
        Option(
            name: "element", placeholder: "f32|f16|u8|i8", help: "stored as (as the file has it)"),
        Option(name: "batch", placeholder: "N", help: "rows a batch (100)"),
        Option(
            name: "durability", placeholder: "POLICY",
            help: "everyCommit, interval(MS) or onRequest (everyCommit)"),
        Option(name: "budget", placeholder: "MIB", help: "memory budget (the store's default)"),
        Option(name: "threads", placeholder: "N", help: "background threads (the store's default)"),
        Option(name: "dir", placeholder: "DIR", help: "where the store goes (.)"),
    ]

    /// Opens the files and reads the attributes, so that none of it is measured.
    init(
        _ arguments: Arguments, defaultDurability: Durability = .everyCommit,
        reusesStore: Bool = false
    ) throws {
        base = try MatrixFile(try arguments.required("base"))
        rowCount = min(try arguments.number("rows", default: base.rowCount), base.rowCount)
        if let path = arguments.text("attributes") {
            attributes = try readAttributes(path, rowCount: rowCount)
        } else {
            attributes = []
        }
        let metric = try arguments.choice(
            "metric", of: [("l2", .euclidean), ("cosine", .cosine), ("ip", .innerProduct)],
            default: Metric.euclidean)
        let element = try arguments.choice(
            "element",
            of: [("f32", .float32), ("f16", .float16), ("u8", .uint8), ("i8", .int8)],
            default: base.element.stored)
        schema = Schema(dimension: base.columnCount, metric: metric, elementType: element)
        var storeOptions = Options()
        storeOptions.durability = defaultDurability
        if let text = arguments.text("durability") {
            guard let durability = Durability(text: text) else {
                throw UsageProblem(description: "--durability does not know \(text)")
            }
            storeOptions.durability = durability
        }
        if let budget = try arguments.optionalNumber("budget") {
            storeOptions.memoryBudgetByteCount = budget << 20
        }
        storeOptions.threadCount = try arguments.number(
            "threads", default: storeOptions.threadCount)
        self.storeOptions = storeOptions
        rowsPerBatch = try arguments.number("batch", default: 100)
        segmentRowCounts = try Self.segmentRowCounts(arguments, rowCount)
        way = try arguments.choice(
            "load", of: [Way.batches, .bulk, .runs].map { ($0.rawValue, $0) },
            default: segmentRowCounts == nil ? .batches : .bulk)
        storePath = (arguments.text("dir") ?? ".") + "/bench.varve"
        if !reusesStore, directoryByteCount(storePath) > 0 {
            throw UsageProblem(description: "\(storePath) is there already: remove it first")
        }
    }

    /// What `--segments` says: so many equal ones, or one for each of several shares.
    private static func segmentRowCounts(
        _ arguments: Arguments, _ rowCount: Int
    ) throws -> [Int]? {
        guard arguments.text("segments") != nil else { return nil }
        var shares = try arguments.numbers("segments", default: [])
        if shares.count == 1 { shares = Array(repeating: 1, count: shares[0]) }
        let sum = shares.reduce(0, +)
        var (share, ends) = (0, [0])
        for part in shares {
            share += part
            ends.append(rowCount * share / sum)
        }
        let counts = zip(ends.dropFirst(), ends).map { $0 - $1 }
        guard counts.allSatisfy({ $0 > 0 }) else {
            throw UsageProblem(description: "--segments asks for one without rows")
        }
        return counts
    }

    /// A batch of rows from `firstRow` on, as a user would make it.
    func batch(firstRow: Int, vectors: [[Float]]) -> WriteBatch {
        var batch = WriteBatch()
        batch.reserve(rowCount: vectors.count, dimension: schema.dimension)
        for (row, vector) in zip(firstRow..., vectors) {
            batch.upsert(
                id: .number(UInt64(row)), vector: vector,
                attributes: attributes.isEmpty ? [:] : attributes[row])
        }
        return batch
    }

    /// Reads every vector once, so that the pages of the file count as resident before anything is
    /// measured.
    func touchBase() {
        for row in 0..<rowCount { _ = base.floats(row) }
    }

    /// Bytes of the rows as their user sees them: the stored vectors.
    var vectorByteCount: Int { rowCount * schema.vectorByteCount }

    /// What was loaded, for the result.
    var fields: [(name: String, value: JSONValue)] {
        [
            ("n", .integer(rowCount)), ("d", .integer(schema.dimension)),
            ("metric", .text("\(schema.metric)")), ("element", .text("\(schema.elementType)")),
            ("attributes", .bool(!attributes.isEmpty)),
            ("load", .text(way.rawValue)), ("segments", .integer(segmentRowCounts?.count ?? 1)),
            ("batch", .integer(rowsPerBatch)),
            ("durability", .text(storeOptions.durability.text)),
            ("budget_mib", .integer(storeOptions.memoryBudgetByteCount >> 20)),
            ("threads", .integer(storeOptions.threadCount)),
        ]
    }
}

extension MatrixFile.Element {
    /// The element type that keeps such values as they are.
    var stored: ElementType {
        switch self {
        case .float32, .int32: .float32
        case .float16: .float16
        case .uint8: .uint8
        case .int8: .int8
        }
    }
}

/// The attributes of the first `rowCount` rows: one object of JSON a line.
func readAttributes(_ path: String, rowCount: Int) throws -> [[String: AttributeValue]] {
    var progress = Progress("reading attributes", total: rowCount)
    var rows: [[String: AttributeValue]] = []
    rows.reserveCapacity(rowCount)
    for line in textOfFile(path).utf8.split(separator: UInt8(ascii: "\n")).prefix(rowCount) {
        rows.append(try JSONRow(line: Array(line), plain: true).attributes)
        progress.advance(by: 1)
    }
    guard rows.count == rowCount else {
        throw MatrixFileProblem(description: "\(path) has \(rows.count) lines for \(rowCount) rows")
    }
    return rows
}
