// The shrinker, on a failure that is made up.

import Testing
import VarveOracle

@Suite struct ShrinkerTests {
    /// A history fails if it deletes something after a flush.
    private static func fails(_ plan: HistoryPlan) -> FoundFailure? {
        var isFlushed = false
        for step in plan.steps {
            switch step {
            case .flush: isFlushed = true
            case .write(let batch) where isFlushed:
                let deletes = batch.contains { if case .delete = $0 { true } else { false } }
                if deletes {
                    return FoundFailure(seed: 1, place: 0, policy: "history", message: "found")
                }
            default: break
            }
        }
        return nil
    }

    @Test func `what is left is what fails`() {
        let plans = (1..<50 as Range<UInt64>).map { HistoryPlan(seed: $0, stepCount: 40) }
        guard let plan = plans.first(where: { Self.fails($0) != nil }) else {
            Issue.record("no plan fails")
            return
        }
        var shrinker = HistoryShrinker(fails: Self.fails)
        let small = shrinker.shrink(plan)?.plan
        #expect(small?.steps.count == 2)
        #expect(small?.text.hasPrefix("flush\nwrite -") == true)
        #expect(shrinker.runCount > 5)
    }

    @Test func `a history that is well is not shrunk`() {
        var shrinker = HistoryShrinker(policy: "kill")
        #expect(shrinker.shrink(HistoryPlan(seed: 3, stepCount: 2)) == nil)
    }
}
