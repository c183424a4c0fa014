// One list of operations on stores of many shapes, with power cuts, kills and failing calls
// between: all must come to the same rows.

import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// What a run under one option set has come to.
package struct MetamorphicOutcome: Sendable {
    /// A hash over the ids and attributes that are there after each part of the history.
    package var digests: [UInt64] = []
    package var cutCount = 0
    package var faultCount = 0
    package var flushCount = 0

    package init() {}
}

/// One history under one option set.
///
/// The operations are the same for all sets of a seed; schema, options and when the store is
/// flushed, merged, reopened, cut or failed follow from the set. After a cut the store goes on from
/// what is left, and what is missing is written again, so that every part of the history ends in
/// the same rows.
package struct MetamorphicSession {
    private let seed: UInt64
    private let optionSet: Int
    private let operationCount: Int
    /// Operations of a part, after which all sets must agree.
    private static let partLength = 500

    package init(seed: UInt64, optionSet: Int, operationCount: Int) {
        self.seed = seed
        self.optionSet = optionSet
        self.operationCount = operationCount
    }

    /// Runs it.
    ///
    /// - Throws: ``OracleFailure`` where the store is not the model.
    package func run() throws -> MetamorphicOutcome {
        var own = SeededGenerator(seed: mixedSeed(seed, UInt64(optionSet), 77))
        let plan = plan(&own)
        var life = MetamorphicLife(plan, seed: mixedSeed(seed, UInt64(optionSet)))
        try life.begin()
        var operations = OperationSource(seed: seed)
        var rest = operationCount
        while rest > 0 {
            var part = min(rest, Self.partLength)
            rest -= part
            while part > 0 {
                let batch = operations.batch(plan.schema, atMost: part)
                part -= batch.count
                try life.write(batch, &own)
                try life.disturb(&own)
            }
            try life.look()
            life.outcome.digests.append(life.digest)
        }
        try life.end()
        return life.outcome
    }

    /// The shape of the store and the options of a set.
    private func plan(_ generator: inout SeededGenerator) -> HistoryPlan {
        let metric = Metric.allCases[optionSet % 3]
        let elements: [ElementType] =
            metric == .cosine ? [.float32, .float16] : [.float32, .float16, .uint8, .int8]
        let schema = Schema(
            dimension: [1, 4, 9, 16, 33][generator.below(5)], metric: metric,
            elementType: elements[generator.below(elements.count)])
        var options = Options()
        options.memoryBudgetByteCount =
            Options.minimumMemoryBudgetByteCount << generator.below(3)
        options.memtableByteLimit = (192 + 64 * generator.below(12)) << 10
        options.maxDegree = [8, 16][generator.below(2)]
        options.buildWidth = 2 * options.maxDegree
        options.threadCount = 1 + generator.below(4)
        options.walkBlocks = generator.chance(1, in: 2)
        options.readsDirectly = generator.chance(1, in: 2)
        options.trashGraceSeconds = UInt32(generator.below(3))
        options.lowSpaceByteCount = 0
        options.compaction.isAutomatic = generator.chance(2, in: 3)
        options.compaction.tierCount = 2 + generator.below(4)
        options.compaction.segmentLimit = 2 + generator.below(8)
        switch generator.below(3) {
        case 0: options.durability = .onRequest
        case 1: options.durability = .interval(milliseconds: 20)
        default: options.durability = .everyCommit
        }
        return HistoryPlan(seed: seed, schema: schema, options: options, steps: [])
    }
}

/// The operations of a seed, whatever the schema: ids, deletes and attributes; vectors follow from
/// a number in the shape the schema asks for.
private struct OperationSource {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed ^ 0x3E7A) }

    mutating func batch(_ schema: Schema, atMost limit: Int) -> ModelBatch {
        let count = 1 + generator.below(min(limit, 60))
        return (0..<count).map { _ in
            let number = generator.below(700)
            let id: RecordID = number % 4 == 1 ? .text("m\(number)") : .number(UInt64(number))
            let bits = generator.next()
            guard bits % 5 != 0 else { return .delete(id) }
            var source = PlanSource(seed: bits)
            let input = source.vector(schema)
            return .upsert(
                id, input: input,
                row: ModelRow(
                    vector: StoredVector.of(input, schema),
                    attributes: ["bits": .int(Int64(bitPattern: bits))]))
        }
    }
}

/// Sums over runs, and the digests that all sets of a seed must share.
package struct MetamorphicTally {
    private var seed: UInt64?
    private var digests: [UInt64] = []
    private var total = MetamorphicOutcome()

    package init() {}

    /// Adds a run.
    ///
    /// - Throws: ``OracleFailure`` if it has come to other rows than those before it.
    package mutating func add(_ outcome: MetamorphicOutcome, of seed: UInt64) throws {
        if self.seed != seed { (self.seed, digests) = (seed, outcome.digests) }
        try require(
            outcome.digests == digests, "the rows are other ones than under earlier option sets")
        total.cutCount += outcome.cutCount
        total.faultCount += outcome.faultCount
        total.flushCount += outcome.flushCount
    }

    /// The sums in words.
    package var text: String {
        "\(total.cutCount) cuts and kills, \(total.faultCount) failed calls, "
            + "\(total.flushCount) flushes"
    }
}
