// One case again, by the line that its failure printed.

/// What a replay line names: a history or a damaged store, a place in it, and what goes wrong.
package struct FuzzCase: Hashable, Sendable {
    package var seed: UInt64
    package var place: Int
    package var policy: String
    /// Steps of drawn histories with faults: there are many faults, so the histories are short.
    package static let faultStepCount = 14

    package init(seed: UInt64, place: Int, policy: String) {
        self.seed = seed
        self.place = place
        self.policy = policy
    }

    /// Runs it; nil if there is no such policy.
    package func run(_ report: @escaping CaseReport = { _, _, _ in }) throws -> SessionOutcome? {
        let (place, policy) = (place, policy)
        if policy == "history" {
            return CutSession(HistoryPlan(seed: seed), report: report).dryRun()
        }
        let (depth, name) = CutDepth.split(policy)
        if let index = CutPolicy.all.firstIndex(where: { $0.name == name }) {
            return CutSession(HistoryPlan(seed: seed), depth: depth, report: report)
                .run { $0 == place && $1 == index }
        }
        if let kind = FaultKind.named(policy) {
            let plan = HistoryPlan(seed: seed, stepCount: Self.faultStepCount)
            return FaultSession(plan, report: report).run(kind, at: place)
        }
        guard let (state, kind) = DamageSession.split(policy) else { return nil }
        return try DamageSession(seed: seed, state, report: report).run(kind, at: place)
    }
}
