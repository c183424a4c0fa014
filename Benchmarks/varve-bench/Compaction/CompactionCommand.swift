// Merging against building anew: what each costs and how good its graph is.

import Varve
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

/// `compaction`: graphs of segments merged, rebuilt by leaf join and built by batch insertion, in
/// one run.
let compactionCommand = Command(
    name: "compaction",
    summary: "merges the graphs of segments; beside it a rebuild and a build by batch insertion",
    options: [
        Option(name: "base", placeholder: "FILE", help: "the vectors: .fbin .f16bin .u8bin .i8bin"),
        Option(name: "query", placeholder: "FILE", help: "the vectors to search for"),
        Option(name: "gt", placeholder: "FILE.ibin", help: "their exact answers, nearest first"),
        Option(name: "metric", placeholder: "l2|cosine|ip", help: "(l2)"),
        Option(
            name: "segments", placeholder: "N,N,…",
            help: "rows of the segments, in proportion to all rows (1,1,1,1)"),
        Option(name: "split", placeholder: "random|clustered", help: "(random)"),
        Option(name: "deleted", placeholder: "SHARE", help: "share of rows deleted (0)"),
        Option(
            name: "drift", placeholder: "none|levels|increments",
            help: "many merges: 16 segments to 4 to 1, or half the rows and ten times 5 % (none)"),
        Option(
            name: "regimes", placeholder: "NAME,…",
            help: "absorb, asymmetric, symmetric, rebuild or chosen (chosen)"),
        Option(
            name: "variants", placeholder: "NAME=N,…;…",
            help: "further merges with other numbers: fan, k, own, small, finds, offers, samples, "
                + "leaf, width, alpha, fill"),
        Option(name: "queries", placeholder: "N", help: "take only the first queries (1000)"),
        Option(name: "threads", placeholder: "N", help: "(2)"),
        Option(name: "memory", placeholder: "MIB", help: "memory of a merge (256)"),
        Option(
            name: "store", placeholder: "yes|no|only",
            help: "merge the segments in a store too, while searches go on (yes; no with --drift)"),
        Option(name: "budget", placeholder: "MIB", help: "budget of that store (256)"),
        Option(name: "dir", placeholder: "DIR", help: "where that store stands (.)"),
    ],
    run: measureCompaction)

private func measureCompaction(
    _ arguments: Arguments
) throws -> [(name: String, value: JSONValue)] {
    let study = try CompactionStudy(arguments)
    var fields = study.fields
    let part = try arguments.choice(
        "store", of: [StorePart.yes, .no, .only].map { ($0.rawValue, $0) },
        default: arguments.text("drift") == nil ? .yes : .no)
    if part != .no { fields += try storeFields(arguments, study) }
    if part != .only { fields += try graphFields(arguments, study) }
    return fields
}

/// Whether segments are merged in a store too.
private enum StorePart: String {
    case yes, no, only
}

private func storeFields(
    _ arguments: Arguments, _ study: CompactionStudy
) throws -> [(name: String, value: JSONValue)] {
    var options = Options()
    options.memoryBudgetByteCount = try arguments.number("budget", default: 256) << 20
    options.durability = .onRequest
    options.threadCount = try arguments.number("threads", default: 2)
    return try study.storeFields(
        options, metric: study.metric,
        queries: try MatrixFile(try arguments.required("query")),
        at: (arguments.text("dir") ?? ".") + "/compaction.varve", idleSeconds: 5)
}

private func graphFields(
    _ arguments: Arguments, _ study: CompactionStudy
) throws -> [(name: String, value: JSONValue)] {
    var fields: [(name: String, value: JSONValue)] = []
    let insertion = try study.insertion()
    fields += insertion.fields("insertion", relativeTo: nil)
    for name in (arguments.text("regimes") ?? "chosen").split(separator: ",") {
        let regime = MergeRegime(rawValue: String(name))
        guard regime != nil || name == "chosen" else {
            throw UsageProblem(description: "--regimes does not know \(name)")
        }
        let label = regime == nil ? "merge" : String(name)
        let merge = try study.merge(regime, study.parameters)
        fields += merge.fields(label, relativeTo: insertion)
        for text in (arguments.text("variants") ?? "").split(separator: ";") {
            let parameters = try study.parameters.changed(
                by: String(text), regime: merge.regime ?? .symmetric, dimension: study.dimension)
            let variant = try study.merge(merge.regime, parameters)
            fields += variant.fields("\(label)(\(text))", relativeTo: insertion)
        }
    }
    let rebuild = try study.rebuild()
    fields += rebuild.fields("rebuild", relativeTo: insertion)
    return fields
}

/// What one way of making a graph took and gave.
struct CompactionPhase {
    var seconds = 0.0
    var processorSeconds = 0.0
    var statistics = GraphStatistics()
    var quality = GraphQuality()
    var regime: MergeRegime?
    var meanDegree = 0.0

    /// Distances measured one pair at a time.
    var distanceCount: UInt64 {
        statistics.searchDistanceCount + statistics.pruneDistanceCount
    }

    func fields(
        _ label: String, relativeTo other: CompactionPhase?
    ) -> [(name: String, value: JSONValue)] {
        var fields: [(name: String, value: JSONValue)] = [
            ("\(label)_s", .decimal(seconds, digits: 2)),
            ("\(label)_cpu_s", .decimal(processorSeconds, digits: 2)),
            ("\(label)_distances", .integer(Int(distanceCount))),
            ("\(label)_leaf_distances", .integer(Int(statistics.leafDistanceCount))),
            ("\(label)_recall", .decimal(quality.recall, digits: 4)),
            ("\(label)_distances_at_64", .decimal(quality.distances, digits: 1)),
            ("\(label)_distances_at_95", .decimal(quality.distancesAt95, digits: 1)),
        ]
        fields.append(("\(label)_degree", .decimal(meanDegree, digits: 2)))
        if let regime { fields.append(("\(label)_regime", .text(regime.rawValue))) }
        guard let other else { return fields }
        let ratios: [(String, Double)] = [
            ("cpu", processorSeconds / other.processorSeconds),
            ("distances", Double(distanceCount) / Double(max(1, other.distanceCount))),
            ("distances_at_95", quality.distancesAt95 / other.quality.distancesAt95),
        ]
        let value = JSONValue.object(ratios.map { ($0.0, .decimal($0.1, digits: 3)) })
        fields.append(("\(label)_to_insertion", value))
        report(
            "\(label): cpu \(decimalText(ratios[0].1, digits: 3)), distances "
                + "\(decimalText(ratios[1].1, digits: 3)), at .95 "
                + "\(decimalText(ratios[2].1, digits: 3)), recall "
                + decimalText(quality.recall - other.quality.recall, digits: 4) + ", at 64 "
                + decimalText(quality.distances / other.quality.distances, digits: 3)
                + ", degree \(decimalText(meanDegree, digits: 1))")
        return fields
    }
}

extension MergeParameters {
    /// The same with some numbers of `regime` changed: `fan=5,k=10`.
    func changed(
        by text: String, regime: MergeRegime, dimension: Int
    ) throws -> MergeParameters {
        var changed = self
        var leaves = LeafMergeSettings(
            regime, maxDegree: graph.maxDegree, dimension: dimension)
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=")
            guard words.count == 2, let number = Double(words[1]) else {
                throw UsageProblem(description: "--variants does not understand \(part)")
            }
            switch words[0] {
            case "fan": leaves.fan = Int(number)
            case "k": leaves.neighboursPerLeaf = Int(number)
            case "own": leaves.ownLimit = Int(number)
            case "small": leaves.smallOwnLimit = Int(number)
            case "finds": leaves.findLimit = Int(number)
            case "offers": leaves.offerLimit = Int(number)
            case "samples": leaves.joinsSamples = number > 0
            case "leaf": changed.leafRowCount = Int(number)
            case "width": changed.absorbWidth = Int(number)
            case "alpha": changed.graph.alpha = Float(number)
            case "fill": changed.graph.fillsLists = number > 0
            case "least": changed.graph.minDegree = Int(number)
            default: throw UsageProblem(description: "--variants does not know \(words[0])")
            }
        }
        changed.leaves = leaves
        return changed
    }
}
