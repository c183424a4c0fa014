// A small budget of power cuts, the same every time.

import Testing
import VarveOracle

@Suite struct CutTests {
    @Test(arguments: 1..<7 as Range<UInt64>)
    func `whatever a cut leaves is what the model says`(seed: UInt64) {
        let session = CutSession(HistoryPlan(seed: seed, stepCount: 12))
        let outcome = session.run { place, policy in
            mixedSeed(seed, UInt64(place), UInt64(policy)) % 60 == 0
        }
        #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
        #expect(outcome.examinedCount > 0)
    }

    @Test func `one seed gives one history`() {
        let session = CutSession(HistoryPlan(seed: 11, stepCount: 12))
        let first = session.run { place, policy in place % 40 == 7 && policy == 3 }
        let second = session.run { place, policy in place % 40 == 7 && policy == 3 }
        #expect(first.digest == second.digest)
        #expect(first.failure == nil)
    }
}
