// What is done to a store in one run, drawn from a seed: the same seed, the same plan.

package import Varve
package import VarveFormat
package import VarveStorageSimulation

/// One thing done to a store.
package enum HistoryStep: Sendable {
    case write(ModelBatch)
    /// A bulk load of upserts only, into segments of so many rows.
    case load(ModelBatch, segmentRowCount: Int)
    case flush
    case sync
    /// Merges all segments into one, and waits for it.
    case compact
    /// Asks for that, and does not wait.
    case startCompacting
    /// Rewrites every segment with deleted rows, and empties the trash.
    case purge
    /// Closes and opens again.
    case reopen
    /// Opens with options that have everything laid out anew, and rewrites all there is.
    case upgrade
    /// Lets background workers make this many steps.
    case work(Int)
    /// Lets time pass, and everything that is due in it.
    case pause(nanoseconds: UInt64)
    /// Takes a snapshot, or looks at the one that was taken and drops it.
    case snapshot
    /// Makes a copy of the store, and looks at it.
    case checkpoint
    /// Compares everything with the model.
    case look
}

/// A store's shape and what happens to it.
package struct HistoryPlan: Sendable {
    package var schema: Schema
    package var options: Options
    package var steps: [HistoryStep]
    package var seed: UInt64
    /// Whether recall before and after a cut is compared.
    package var measuresRecall = false

    /// The plan of `seed`, with about `stepCount` steps.
    ///
    /// Seeds from ``Scenario/firstSeed`` on are those of scripted scenarios.
    package init(seed: UInt64, stepCount: Int = 28) {
        if let scenario = Scenario(seed: seed) {
            self = scenario.plan
            return
        }
        var source = PlanSource(seed: seed)
        self.seed = seed
        measuresRecall = seed % 8 == 0
        schema = source.schema()
        options = source.options()
        steps = source.steps(source.hasLargeRows ? 2 * stepCount : stepCount, schema)
    }

    /// A plan of these parts.
    package init(seed: UInt64, schema: Schema, options: Options, steps: [HistoryStep]) {
        self.seed = seed
        self.schema = schema
        self.options = options
        self.steps = steps
    }
}

/// Draws the parts of a plan.
package struct PlanSource {
    package var generator: SeededGenerator
    private let poolSize: Int
    private let batchLimit: Int
    let hasLargeRows: Bool
    /// Whether some rows of drawn batches expire.
    private let hasExpiry: Bool

    package init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        poolSize = [6, 24, 60, 150][generator.below(4)]
        // Large rows fill a memtable within a few batches, so that it seals and flushes by itself.
        hasLargeRows = generator.chance(1, in: 3)
        hasExpiry = seed < Scenario.firstSeed && seed % 5 == 3
        batchLimit = hasLargeRows ? 1 + generator.below(4) : [1, 4, 16, 40][generator.below(4)]
    }

    package mutating func schema() -> Schema {
        let metric = Metric.allCases[generator.below(Metric.allCases.count)]
        var elements = ElementType.allCases
        // A unit vector has no place in whole numbers.
        if metric == .cosine { elements = [.float32, .float16] }
        return Schema(
            dimension: [1, 3, 8, 17][generator.below(4)], metric: metric,
            elementType: elements[generator.below(elements.count)])
    }

    package mutating func options() -> Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.memtableByteLimit = (hasLargeRows ? 240 : 192 + 16 * generator.below(4)) << 10
        options.maxDegree = 8
        options.buildWidth = 16
        options.threadCount = 1
        options.walkBlocks = generator.chance(1, in: 2)
        options.trashGraceSeconds = generator.chance(1, in: 2) ? 0 : 3
        options.lowSpaceByteCount = 0
        options.compaction.tierCount = 2 + generator.below(3)
        options.compaction.segmentLimit = 2 + generator.below(7)
        options.compaction.deadShareLimit = [0.1, 0.2, 0.5][generator.below(3)]
        options.compaction.isAutomatic = !generator.chance(1, in: 4)
        switch generator.below(4) {
        case 0: options.durability = .onRequest
        case 1: options.durability = .interval(milliseconds: 50)
        default: options.durability = .everyCommit
        }
        return options
    }

    mutating func steps(_ count: Int, _ schema: Schema) -> [HistoryStep] {
        var steps: [HistoryStep] = []
        while steps.count < count {
            switch generator.below(36) {
            case 0...16: steps.append(.write(batch(schema)))
            case 17...19: steps.append(.flush)
            case 20: steps.append(.sync)
            case 21...22: steps.append(.reopen)
            case 23...25: steps.append(.work(1 + generator.below(6)))
            case 26:
                let milliseconds = [60, 1_500, 4_000][generator.below(3)]
                steps.append(.pause(nanoseconds: UInt64(milliseconds) * 1_000_000))
            case 27...28: steps.append(.snapshot)
            case 29: steps.append(.checkpoint)
            case 30...31:
                steps.append(.load(load(schema), segmentRowCount: 2 + generator.below(30)))
            case 32: steps.append(.compact)
            case 33: steps.append(.startCompacting)
            case 34: steps.append(.purge)
            default: steps.append(.look)
            }
        }
        return steps
    }

    /// Writes over few ids: most overwrite or delete what is there.
    package mutating func batch(_ schema: Schema) -> ModelBatch {
        let count = 1 + generator.below(batchLimit)
        return (0..<count).map { _ in
            let id = identifier()
            if generator.chance(1, in: 4) { return .delete(id) }
            let input = vector(schema)
            let row = ModelRow(
                vector: StoredVector.of(input, schema), attributes: attributes())
            return .upsert(id, input: input, row: row)
        }
    }

    /// Upserts for a bulk load, some of them of one id; of several for one id the last counts.
    package mutating func load(_ schema: Schema) -> ModelBatch {
        var batch: ModelBatch = []
        while batch.isEmpty {
            batch = self.batch(schema).filter { if case .upsert = $0 { true } else { false } }
        }
        return batch
    }

    package mutating func identifier() -> RecordID {
        let number = generator.below(poolSize)
        switch number % 5 {
        case 3: return .text("row-\(number)")
        case 4: return .number(UInt64.max - UInt64(number))
        default: return .number(UInt64(number))
        }
    }

    /// Small whole numbers of sixteenths, so that all distances are exact; never all zero.
    package mutating func vector(_ schema: Schema) -> [Float] {
        (0..<schema.dimension).map { _ in
            switch schema.elementType {
            case .uint8: Float(1 + generator.below(250))
            case .int8: Float(1 + generator.below(120)) * (generator.chance(1, in: 2) ? 1 : -1)
            case .float32, .float16:
                Float(1 + generator.below(40)) / 16 * (generator.chance(1, in: 2) ? 1 : -1)
            }
        }
    }

    private mutating func attributes() -> [String: AttributeValue] {
        var result: [String: AttributeValue] = [:]
        if generator.chance(1, in: 2) { result["n"] = .int(Int64(generator.below(9)) - 4) }
        if generator.chance(1, in: 3) { result["a.name"] = .string("é\(generator.below(99))") }
        if generator.chance(1, in: 4) { result["flag"] = .bool(generator.chance(1, in: 2)) }
        if generator.chance(1, in: 5) { result["x"] = .double(Double(generator.below(64)) / 8) }
        if generator.chance(1, in: 6) {
            result["tags"] = .strings((0..<generator.below(3)).map { "t\($0)" })
        }
        if generator.chance(1, in: 7) {
            result["when"] = .date(microseconds: Int64(generator.below(1 << 40)))
        }
        if hasExpiry, generator.chance(1, in: 3) {
            // Not a moment at which anything is looked at: those are whole hundredths.
            let moment = 253_000 * Int64(1 + generator.below(60))
            result[Expiry.attributeName] = .date(
                microseconds: SimulatedRuntime.firstMoment + moment)
        }
        if hasLargeRows, generator.chance(2, in: 3) {
            let character = Character(Unicode.Scalar(UInt8(97 + generator.below(26))))
            result["text"] = .string(String(repeating: character, count: generator.below(28_000)))
        }
        return result
    }
}

extension Options {
    /// Options that lay segments out in another way.
    var upgraded: Options {
        var result = self
        result.walkBlocks.toggle()
        result.maxDegree = 12
        result.buildWidth = 24
        return result
    }
}
