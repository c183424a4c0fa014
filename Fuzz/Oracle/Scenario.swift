// Scripted histories, short enough that every call of them can be cut and failed.

import Varve
import VarveFormat
import VarveStorageSimulation

/// A scripted history, by name; each has many variants, which differ in rows and shape.
package struct Scenario: Sendable {
    /// What it is about.
    package var name: String
    /// Its number among all.
    package var index: Int
    /// Which of its variants it is.
    package var variant: Int

    /// The seed of the first scenario's first variant; larger ones are those of scenarios.
    package static let firstSeed: UInt64 = 1 << 40

    /// The scenario and variant of a seed; nil for a seed of drawn histories.
    package init?(seed: UInt64) {
        guard seed >= Self.firstSeed else { return nil }
        let place = Int((seed - Self.firstSeed) % (1 << 30))
        index = place % Self.scripts.count
        variant = place / Self.scripts.count
        name = Self.scripts[index].name
    }

    /// Its seed, by which it can be replayed.
    package var seed: UInt64 {
        Self.firstSeed + UInt64(variant * Self.scripts.count + index)
    }

    /// All scenarios, in this variant.
    package static func all(variant: Int) -> [Scenario] {
        scripts.indices.compactMap {
            Scenario(seed: firstSeed + UInt64(variant * scripts.count + $0))
        }
    }

    private typealias Script = @Sendable (inout ScenarioScript) -> Void

    private static let scripts: [(name: String, script: Script)] = [
        ("create", { _ in }),
        ("upsert", { $0.write(upserts: 1) }),
        ("batches", { for _ in 0..<4 { $0.write(upserts: 5, deletes: 2) } }),
        ("overwrite", { for _ in 0..<3 { $0.write(ids: [1, 2, 3]) } }),
        (
            "delete",
            {
                $0.write(ids: [1, 2, 3, 4])
                $0.delete([2, 3])
                $0.flush()
                $0.delete([1])
            }
        ),
        (
            "flush",
            {
                $0.write(upserts: 8)
                $0.flush()
                $0.write(upserts: 3)
            }
        ),
        (
            "tombstones",
            {
                $0.write(ids: Array(1...9))
                $0.flush()
                $0.delete([3])
                $0.write(ids: [4, 10])
                $0.flush()
                $0.delete([5])
                $0.flush()
            }
        ),
        (
            "a segment dies",
            {
                $0.write(ids: [1, 2, 3])
                $0.flush()
                $0.delete([1, 2, 3])
                $0.flush()
                $0.steps.append(.pause(nanoseconds: 5_000_000_000))
            }
        ),
        (
            "merge",
            {
                for start in [1, 5, 9] as [UInt64] {
                    $0.write(ids: Array(start..<start + 6))
                    $0.flush()
                }
                $0.steps.append(.compact)
                $0.write(ids: [2])
            }
        ),
        (
            "writes while merging",
            {
                for start in [1, 20] as [UInt64] {
                    $0.write(ids: Array(start..<start + 12))
                    $0.flush()
                }
                $0.steps.append(.startCompacting)
                for id in [3, 22, 5, 24, 7] as [UInt64] {
                    $0.steps.append(.work(2))
                    $0.delete([id])
                    $0.write(ids: [id + 1])
                }
                $0.flush()
                $0.steps.append(.compact)
                $0.delete([4])
            }
        ),
        (
            "tombstone rewrite",
            {
                $0.write(ids: Array(1...12))
                $0.flush()
                $0.delete(Array(1...5))
                $0.flush()
                $0.steps.append(.purge)
                $0.write(ids: [3])
            }
        ),
        (
            "checkpoint",
            {
                $0.write(upserts: 6)
                $0.flush()
                $0.write(upserts: 2)
                $0.steps.append(.checkpoint)
                $0.write(upserts: 1)
            }
        ),
        (
            "import",
            {
                $0.write(ids: [1, 2, 3])
                $0.load(ids: Array(2...12), segmentRowCount: 6)
                $0.delete([2, 9])
                $0.load(ids: [9, 40], segmentRowCount: 100)
            }
        ),
        (
            "retention",
            {
                $0.plan.options.trashGraceSeconds = 2
                for _ in 0..<5 {
                    $0.write(ids: [1, 2, 3])
                    $0.flush()
                    $0.steps.append(.pause(nanoseconds: 1_500_000_000))
                }
            }
        ),
        (
            "reopen",
            {
                for _ in 0..<3 {
                    $0.write(upserts: 3)
                    $0.steps.append(.reopen)
                }
            }
        ),
        (
            "a log is full",
            { for _ in 0..<14 { $0.write(upserts: 1, textByteCount: 27_000) } }
        ),
        (
            "sync on request",
            {
                $0.plan.options.durability = .onRequest
                $0.write(upserts: 3)
                $0.steps.append(.sync)
                $0.write(upserts: 3)
                $0.flush()
                $0.write(upserts: 2)
                $0.steps.append(.reopen)
                $0.write(upserts: 2)
            }
        ),
        (
            "sync on an interval",
            {
                $0.plan.options.durability = .interval(milliseconds: 50)
                for _ in 0..<3 {
                    $0.write(upserts: 2)
                    $0.steps.append(.pause(nanoseconds: 60_000_000))
                }
                $0.write(upserts: 1)
            }
        ),
        (
            "snapshot",
            {
                $0.write(ids: [1, 2, 3])
                $0.steps.append(.snapshot)
                $0.delete([2])
                $0.flush()
                $0.write(ids: [1])
                $0.flush()
                $0.steps += [.compact, .snapshot]
            }
        ),
        (
            "expiry",
            {
                $0.write(ids: [1, 2, 3], expiringAfterMilliseconds: 1_700)
                $0.write(ids: [4, 5])
                $0.flush()
                $0.write(ids: [6, 7], expiringAfterMilliseconds: 3_700)
                $0.steps.append(.pause(nanoseconds: 2_000_000_000))
                $0.write(ids: [2])
                $0.flush()
                $0.steps += [.pause(nanoseconds: 2_000_000_000), .compact]
                $0.write(ids: [6])
            }
        ),
        (
            "retention by age",
            {
                $0.plan.options.retention.maximumAgeSeconds = 3
                $0.plan.options.compaction.isAutomatic = true
                for round in 1...3 as ClosedRange<UInt64> {
                    $0.write(ids: [round, round + 1, round + 10])
                    $0.flush()
                    $0.steps.append(.pause(nanoseconds: 1_600_000_000))
                }
                $0.steps.append(.purge)
            }
        ),
        (
            "upgrade",
            {
                $0.write(ids: Array(1...9))
                $0.flush()
                $0.delete([2, 3])
                $0.flush()
                $0.write(ids: [3, 20])
                $0.steps.append(.upgrade)
                $0.write(ids: [4])
            }
        ),
        (
            "recall",
            {
                $0.plan.measuresRecall = true
                for part in 0..<3 as Range<UInt64> {
                    $0.write(ids: (0..<40).map { part * 32 + $0 })
                    if part < 2 { $0.flush() }
                }
                $0.steps.append(.compact)
            }
        ),
        (
            "purge while merging",
            {
                $0.plan.options.compaction.isAutomatic = true
                $0.plan.options.compaction.tierCount = 2
                for start in [1, 20] as [UInt64] {
                    $0.write(ids: Array(start..<start + 12))
                    $0.flush()
                }
                $0.steps.append(.work(2))
                $0.delete([3, 22])
                $0.steps.append(.purge)
                $0.write(ids: [5])
            }
        ),
    ]

    /// The history.
    package var plan: HistoryPlan {
        var script = ScenarioScript(seed: seed)
        Self.scripts[index].script(&script)
        script.plan.steps = script.steps
        return script.plan
    }
}

/// Puts a scenario's history together.
private struct ScenarioScript {
    var plan: HistoryPlan
    var steps: [HistoryStep] = []
    private var source: PlanSource

    init(seed: UInt64) {
        source = PlanSource(seed: seed)
        let schema = source.schema()
        var options = source.options()
        // Where the script does not say otherwise, everything is durable at once, and nothing is
        // merged unasked.
        options.durability = .everyCommit
        options.memtableByteLimit = 240 << 10
        options.compaction.isAutomatic = false
        plan = HistoryPlan(seed: seed, schema: schema, options: options, steps: [])
    }

    mutating func flush() { steps.append(.flush) }

    mutating func delete(_ ids: [UInt64]) {
        steps.append(.write(ids.map { .delete(.number($0)) }))
    }

    mutating func write(ids: [UInt64]) {
        steps.append(.write(ids.map { upsert(.number($0)) }))
    }

    mutating func load(ids: [UInt64], segmentRowCount: Int) {
        let batch = ids.map { upsert(.number($0)) }
        steps.append(.load(batch, segmentRowCount: segmentRowCount))
    }

    mutating func write(upserts: Int, deletes: Int = 0, textByteCount: Int = 0) {
        var batch: ModelBatch = []
        for _ in 0..<upserts {
            batch.append(upsert(source.identifier(), textByteCount: textByteCount))
        }
        for _ in 0..<deletes { batch.append(.delete(source.identifier())) }
        steps.append(.write(batch))
    }

    mutating func write(ids: [UInt64], expiringAfterMilliseconds milliseconds: Int64) {
        let moment = SimulatedRuntime.firstMoment + milliseconds * 1_000
        let batch = ids.map { id -> ModelOperation in
            guard case .upsert(let id, let input, var row) = upsert(.number(id)) else {
                preconditionFailure("an upsert")
            }
            row.attributes[Expiry.attributeName] = .date(microseconds: moment)
            return .upsert(id, input: input, row: row)
        }
        steps.append(.write(batch))
    }

    private mutating func upsert(_ id: RecordID, textByteCount: Int = 0) -> ModelOperation {
        let input = source.vector(plan.schema)
        var attributes: [String: AttributeValue] = ["n": .int(Int64(steps.count))]
        if source.generator.chance(1, in: 2) { attributes["a"] = .string("\(id)") }
        if textByteCount > 0 {
            attributes["text"] = .string(String(repeating: "x", count: textByteCount))
        }
        return .upsert(
            id, input: input,
            row: ModelRow(vector: StoredVector.of(input, plan.schema), attributes: attributes))
    }
}
