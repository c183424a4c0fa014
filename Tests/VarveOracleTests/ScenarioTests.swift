// The scripted scenarios, a sample of their cuts and faults; the loops run them all.

import Testing
import VarveOracle

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
}
