// The scripted scenarios, a sample of their cuts and faults; the loops run them all.

import Synchronization
import Testing
import VarveOracle
import VarveStorageSimulation

@Suite struct ScenarioTests {
    @Test(arguments: Scenario.all(variant: 0).map(\.seed))
    func `a scenario can be cut anywhere`(seed: UInt64) {
        let outcome = CutSession(HistoryPlan(seed: seed), depth: .none).run { place, policy in
            mixedSeed(seed, UInt64(place), UInt64(policy)) % 100 == 0
        }
        #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    }

    @Test func `there are scenarios of every kind`() {
        let names = Set(Scenario.all(variant: 0).map(\.name))
        #expect(names.count >= 12)
        #expect(names.isSuperset(of: ["merge", "import", "checkpoint", "retention", "flush"]))
        #expect(names.isSuperset(of: ["expiry", "retention by age", "upgrade", "recall"]))
        let distance = Scenario.all(variant: 1)[3].seed - Scenario.all(variant: 0)[3].seed
        #expect(distance == UInt64(names.count))
        #expect(Scenario(seed: 7) == nil)
    }

    @Test(arguments: ["call-inputOutput-once", "each-sync-drops", "segment-phantom"])
    func `a scenario outlives each call that fails`(name: String) throws {
        let kind = try #require(FaultKind.named(name))
        for scenario in Scenario.all(variant: 0) where scenario.index % 4 == 0 {
            for place in stride(from: 3, to: 60, by: 19) {
                let outcome = FaultSession(scenario.plan).run(kind, at: place)
                #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
            }
        }
    }

    @Test func `cuts before every call of recoveries`() throws {
        let scenario = try #require(Scenario.all(variant: 0).first { $0.name == "flush" })
        let session = CutSession(scenario.plan, depth: .recovery(1))
        let outcome = session.run { place, policy in place % 40 == 21 && policy == 0 }
        #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
        #expect(outcome.examinedCount > 5)
    }

    @Test func `images of the same contents are examined once, and each that differs is`() throws {
        let scenario = try #require(Scenario.all(variant: 0).first { $0.name == "flush" })
        let every: @Sendable (Int, Int) -> Bool = { place, policy in
            place % 4 == 1 && CutPolicy.all[policy].policy != nil
        }
        let all = CutSession(scenario.plan, depth: .none).run(every)
        let distinct = CutSession(scenario.plan, depth: .none, skipsAlike: true).run(every)
        #expect(all.failure == nil && distinct.failure == nil)
        #expect(all.repeatedCount == 0 && distinct.repeatedCount > 0)
        #expect(distinct.examinedCount + distinct.repeatedCount == all.examinedCount)
        let hashes = Mutex<Set<UInt64>>([])
        _ = CutSession(
            scenario.plan, depth: .none,
            visit: { disk in
                _ = hashes.withLock { $0.insert(disk.contentHash) }
            }
        ).run(every)
        #expect(distinct.examinedCount >= hashes.withLock { $0.count })
    }
}
