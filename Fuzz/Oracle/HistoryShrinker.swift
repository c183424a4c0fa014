// A history that fails, made as small as it can be and still fail.

import Varve
import VarveStorageSimulation

/// Leaves out steps, then writes, as long as the history still fails.
package struct HistoryShrinker {
    private let fails: (HistoryPlan) -> FoundFailure?
    /// Histories run so far.
    package private(set) var runCount = 0

    /// A shrinker that takes a history for failing where `fails` gives a failure.
    package init(fails: @escaping (HistoryPlan) -> FoundFailure?) { self.fails = fails }

    /// A shrinker for failures of the history itself, or of cuts in this way, anywhere in it.
    package init(policy: String, report: @escaping CaseReport = { _, _, _ in }) {
        let index = CutPolicy.all.firstIndex { $0.name == policy }
        self.init { plan in
            CutSession(plan, report: report).run { _, policy in policy == index }.failure
        }
    }

    /// The smallest history found, and how it fails; nil if `plan` does not fail.
    package mutating func shrink(
        _ plan: HistoryPlan
    ) -> (plan: HistoryPlan, failure: FoundFailure)? {
        runCount += 1
        guard var failure = fails(plan) else { return nil }
        var best = plan
        var length = max(1, best.steps.count / 2)
        while true {
            var start = 0
            while start < best.steps.count {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + length, best.steps.count))
                runCount += 1
                if let found = fails(candidate) {
                    (best, failure) = (candidate, found)
                } else {
                    start += length
                }
            }
            if length == 1 { break }
            length /= 2
        }
        for index in best.steps.indices { shrinkBatch(at: index, &best, &failure) }
        return (best, failure)
    }

    /// Halves the batch of one step as often as it can be.
    private mutating func shrinkBatch(
        at index: Int, _ best: inout HistoryPlan, _ failure: inout FoundFailure
    ) {
        while case .write(let batch) = best.steps[index], batch.count > 1 {
            let half = batch.count / 2
            let parts = [Array(batch[..<half]), Array(batch[half...])]
            var isSmaller = false
            for part in parts where !isSmaller {
                var candidate = best
                candidate.steps[index] = .write(part)
                runCount += 1
                guard let found = fails(candidate) else { continue }
                (best, failure, isSmaller) = (candidate, found, true)
            }
            guard isSmaller else { return }
        }
    }
}

extension HistoryPlan {
    /// The steps in words, one a line.
    package var text: String {
        steps.map { step in
            switch step {
            case .write(let batch), .load(let batch, _):
                "\(step.name) "
                    + batch.map { operation in
                        switch operation {
                        case .upsert(let id, _, _): "+\(id)"
                        case .delete(let id): "-\(id)"
                        }
                    }.joined(separator: " ")
            default: step.name
            }
        }.joined(separator: "\n")
    }
}
