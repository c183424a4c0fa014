// A store that lives through cuts, kills and failures, and has what it lost written again.

import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// One store, from disk to disk.
struct MetamorphicLife {
    private let plan: HistoryPlan
    private var generator: SeededGenerator
    private var disk: SimulatedFileSystem
    private var run: HistoryRun
    private var witness = Witness()
    var outcome = MetamorphicOutcome()
    /// All that was ever asked for, in order.
    private var wanted: ModelState = [:]
    private var pending: [ModelBatch] = []

    init(_ plan: HistoryPlan, seed: UInt64) {
        self.plan = plan
        generator = SeededGenerator(seed: seed)
        disk = SimulatedFileSystem(seed: seed)
        disk.keepsTrace = false
        run = HistoryRun(plan, on: disk, witness, seed: seed)
    }

    mutating func begin() throws { try run.create() }

    mutating func end() throws {
        // The disk is healed, and everything was synced since: nothing is left to be told.
        try run.close()
        try run.requireProtocol()
        outcome.flushCount += run.flushCount
    }

    /// Has everything written be durable on a healthy disk, and compares it with the model.
    mutating func look() throws {
        disk.faults.heal()
        do {
            try run.perform(.sync)
        } catch let error as StoreError {
            try recover(from: error)
            try writePending()
        }
        try run.look()
    }

    /// A hash over ids and attributes, which are the same under every schema.
    var digest: UInt64 {
        let model = witness.model
        return model.state(after: model.returnedCount).reduce(into: UInt64(0)) { sum, entry in
            guard case .int(let bits)? = entry.value.attributes["bits"] else { return }
            let id = "\(entry.key)".utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
            sum &+= mixedSeed(id, UInt64(bitPattern: bits))
        }
    }

    /// Writes a batch, and again if the store lost it or failed.
    mutating func write(_ batch: ModelBatch, _ own: inout SeededGenerator) throws {
        pending.append(batch)
        if own.chance(1, in: 60) {
            outcome.faultCount += 1
            let kinds = FaultKind.all
            let kind = kinds[own.below(kinds.count)]
            disk.faults.add(kind.rule(at: disk.operationCount + own.below(12)))
        }
        try writePending()
    }

    private mutating func writePending() throws {
        var attempt = 0
        while let batch = pending.first {
            do {
                try run.perform(.write(batch))
                pending.removeFirst()
            } catch let error as StoreError {
                attempt += 1
                try require(attempt < 20, "a write is refused again and again: \(error)")
                try recover(from: error)
            }
        }
    }

    /// Goes on after a refusal: on the same disk, healed, in a new process.
    private mutating func recover(from error: StoreError) throws {
        let allowed: [StoreError.Code] = [.inputOutput, .noSpace, .failed, .closed]
        try require(allowed.contains(error.code), "the store refuses: \(error)")
        disk.faults.heal()
        try? run.close()
        try restart(CutPolicy(name: "kill", policy: nil), hasLostPages: true)
    }

    /// What may happen between two batches.
    mutating func disturb(_ own: inout SeededGenerator) throws {
        do {
            switch own.below(60) {
            case 0...3: try run.perform(.flush)
            case 4: try run.perform(.reopen)
            case 5: try run.perform(.compact)
            case 6: try run.perform(.startCompacting)
            case 7: try run.perform(.purge)
            case 8...20: try run.perform(.work(1 + own.below(6)))
            case 21...22: try run.perform(.snapshot)
            case 23: try run.perform(.pause(nanoseconds: 25_000_000))
            case 24: try run.perform(.look)
            case 25...26:
                disk.faults.heal()
                outcome.cutCount += 1
                try restart(CutPolicy.all[own.below(CutPolicy.all.count)], hasLostPages: false)
                try writePending()
            default: break
            }
        } catch let error as StoreError {
            try recover(from: error)
            try writePending()
        } catch let error as OracleFailure {
            guard let cause = error.cause, disk.faults.firedCount > 0 else { throw error }
            try recover(from: cause)
            try writePending()
        }
    }

    /// Ends this life and begins another with what is left; what is missing becomes pending.
    private mutating func restart(_ policy: CutPolicy, hasLostPages: Bool) throws {
        outcome.flushCount += run.flushCount
        let model = witness.model
        let seed = generator.next()
        let bounds = hasLostPages ? model.boundsAfterPowerCut : policy.bounds(model)
        disk = policy.apply(to: disk, seed: seed)
        let next = Witness()
        next.isCreated = true
        next.model = model
        let revived = HistoryRun(plan, on: disk, next, seed: seed, now: witness.now)
        try revived.open()
        let count = try revived.visibleCount()
        try require(
            bounds.contains(count), "\(count) batches after a restart, \(bounds) may be")
        // What had returned and is gone was not synced: it is written again, in its order. What
        // had been issued and not returned is pending already.
        let lost = model.batches[min(count, model.returnedCount)..<model.returnedCount]
        pending.insert(contentsOf: lost, at: 0)
        if count > model.returnedCount, !pending.isEmpty { pending.removeFirst() }
        next.change { $0.settle(at: count) }
        witness = next
        run = revived
        try run.look()
    }
}
