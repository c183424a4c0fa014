// What a campaign has counted.

import VarveOracle

/// Counts and failures of a campaign.
struct FuzzTally {
    var historyCount = 0
    var repeatCount = 0
    var operationCount = 0
    var flushCount = 0
    var ownFlushCount = 0
    /// Cases by kind and policy.
    var counts: [String: Int] = [:]
    /// Images of cuts inside the exams of other cuts.
    var nestedCount = 0
    /// Those among them that were cut out of images, and not out of what faults have left.
    var nestedCutCount = 0
    /// Images that were like others examined before.
    var likeCount = 0
    var failures: [FoundFailure] = []
    var seconds = 0.0

    /// Images that power cuts and kills have left, those of cuts inside recoveries included.
    var cutCount: Int {
        counts.filter { $0.key.hasPrefix("cut.") }.values.reduce(nestedCutCount, +)
    }

    /// Cases in all.
    var caseCount: Int { counts.values.reduce(nestedCount, +) }

    mutating func add(_ failure: FoundFailure) {
        failures.append(failure)
        FuzzOutput.note("FAILURE \(failure)")
    }

    mutating func add(_ outcome: SessionOutcome, kind: String = "cut") {
        operationCount += outcome.operationCount
        flushCount += outcome.flushCount
        ownFlushCount += outcome.ownFlushCount
        likeCount += outcome.repeatedCount
        var direct = 0
        for (name, count) in outcome.imageCounts {
            let own = name.split(separator: ":").last.map(String.init) ?? name
            counts["\(kind).\(own)", default: 0] += count
            direct += count
        }
        nestedCount += max(0, outcome.examinedCount - direct)
        if kind == "cut" { nestedCutCount += max(0, outcome.examinedCount - direct) }
        if let failure = outcome.failure { add(failure) }
    }

    private var rate: Double { seconds > 0 ? Double(caseCount) / seconds : 0 }

    var text: String {
        var lines = [
            "\(caseCount) cases (\(cutCount) cuts, \(nestedCount) images inside recovery, "
                + "\(likeCount) more like those examined), "
                + "\(historyCount) "
                + "histories, \(repeatCount) repeated, \(operationCount) operations, "
                + "\(flushCount) flushes, \(ownFlushCount) of them unasked, "
                + "\(Int(seconds)) s, \(Int(rate)) a second, \(failures.count) failures"
        ]
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(name): \(count)")
        }
        lines += failures.map { "FAILURE \($0)" }
        return lines.joined(separator: "\n")
    }

    var json: String {
        let counted = counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
        let failed = failures.map {
            "{\"seed\": \($0.seed), \"place\": \($0.place), \"policy\": \"\($0.policy)\"}"
        }
        return "{\"cases\": \(caseCount), \"nested\": \(nestedCount), \"like\": \(likeCount), "
            + "\"histories\": \(historyCount), \"repeated\": \(repeatCount), "
            + "\"operations\": \(operationCount), \"flushes\": \(flushCount), "
            + "\"seconds\": \(Int(seconds)), "
            + "\"counts\": {\(counted.joined(separator: ", "))}, "
            + "\"failures\": [\(failed.joined(separator: ", "))]}"
    }
}
