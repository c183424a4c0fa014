// Exactness against speed: the same protocol and field names for every engine, so results lie side
// by side.

import Varve

/// `search`: build, then recall@10 and latency over a range of efforts.
let searchCommand = Command(
    name: "search",
    summary: "builds a store from a file, then searches it at many efforts; recall@10 and latency",
    options: LoadPlan.options + [LoadPlan.loadOption] + QuerySet.options + [
        Option(
            name: "segments", placeholder: "N|N,N,…",
            help: "bulk load in so many equal segments, or in one for each of these shares; "
                + "implies --load bulk"),
        Option(
            name: "slacks", placeholder: "N,N,…",
            help: "slacks in thousandths (20,40,60,80,100,130,160,200,250,320,400,500)"),
        Option(
            name: "widths", placeholder: "N,N,…",
            help: "beam widths instead of slacks; ssd: 16,24,32,48,64,…,512"),
        Option(
            name: "mode", placeholder: "memory|ssd",
            help: "ssd: without walk blocks, files dropped from the page cache first (memory)"),
        Option(
            name: "reuse", placeholder: "yes|no",
            help: "search the store that is there from a run before, and leave it there (no)"),
    ],
    run: measureSearch)

private let defaultWidths = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
private let defaultSlacks = [20, 40, 60, 80, 100, 130, 160, 200, 250, 320, 400, 500]
/// Beyond this recall more effort has nothing left to show.
private let sufficientRecall = 0.998

/// How a store came to be.
private struct Building {
    var seconds = 0.0
    var loadSeconds = 0.0
    var processorSeconds = 0.0
}

private func measureSearch(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let isReused = try arguments.choice(
        "reuse", of: [("yes", true), ("no", false)], default: false)
    let plan = try LoadPlan(arguments, defaultDurability: .onRequest, reusesStore: isReused)
    let queries = try QuerySet(arguments, plan)
    let isOnDisk = try arguments.choice(
        "mode", of: [("memory", false), ("ssd", true)], default: false)
    plan.touchBase()
    let residentBefore = residentMebibytes("VmRSS")
    let isThere = isReused && directoryByteCount(plan.storePath) > 0
    let building = isThere ? Building() : try build(plan, isOnDisk: isOnDisk)
    defer { if !isReused { removeDirectory(plan.storePath) } }
    if isOnDisk { dropPageCache(plan.storePath) }
    let store = try Store.open(
        at: plan.storePath, options: options(plan, isOnDisk: isOnDisk))
    try queries.warm(store)
    let sweep = try sweep(store, queries, efforts(arguments, isOnDisk: isOnDisk))
    var targets: [JSONValue] = []
    for target in [0.90, 0.95, 0.99] {
        let setting = try queries.measure(store, effort: .recall(target))
        targets.append(.object([("target", .decimal(target, digits: 2))] + setting.fields))
        report("recall asked \(target): \(setting.recall)")
    }
    let residentAfter = residentMebibytes("VmRSS")
    try store.close()
    let engine = isOnDisk ? "varve-ssd" : "varve"
    return [("engine", .text(engine)), ("base", .text(try baseName(arguments)))] + plan.fields + [
        ("build_s", .decimal(building.seconds, digits: 2)),
        ("build_cpu_s", .decimal(building.processorSeconds, digits: 2)),
        ("disk_mib", .decimal(Double(storeByteCount(plan.storePath)) / 1_048_576, digits: 1)),
        ("rss_over_data_mib", .decimal(residentAfter - residentBefore, digits: 1)),
        ("ingest_s", .decimal(building.loadSeconds, digits: 2)),
        ("search", .list(sweep.map { .object([("param", $0.param)] + $0.setting.fields) })),
        ("at_recall", .list([0.95, 0.99].compactMap { point(at: $0, of: sweep.map(\.setting)) })),
        ("targets", .list(targets)),
    ]
}

/// How the store of a plan works.
private func options(_ plan: LoadPlan, isOnDisk: Bool) -> Options {
    var options = plan.storeOptions
    options.walkBlocks = !isOnDisk
    options.readsDirectly = isOnDisk
    // Segments that are asked for stay as they are.
    options.compaction.isAutomatic = plan.segmentRowCounts == nil
    return options
}

/// Makes the store of a plan.
private func build(_ plan: LoadPlan, isOnDisk: Bool) throws -> Building {
    var building = Building()
    let options = options(plan, isOnDisk: isOnDisk)
    let start = monotonicNanoseconds()
    let store = try Store.create(at: plan.storePath, schema: plan.schema, options: options)
    let processorBefore = processorSeconds()
    building.loadSeconds = try fill(store, plan)
    building.seconds = seconds(since: start)
    building.processorSeconds = processorSeconds() - processorBefore
    try store.close()
    return building
}

/// The efforts to try, least first, with what stands for them in the result.
private func efforts(
    _ arguments: Arguments, isOnDisk: Bool
) throws -> [(param: JSONValue, effort: Effort)] {
    if isOnDisk || arguments.text("widths") != nil {
        return try arguments.numbers("widths", default: defaultWidths).map {
            (.integer($0), .width(max($0, 10)))
        }
    }
    return try arguments.numbers("slacks", default: defaultSlacks, minimum: 0).map {
        (.decimal(Double($0) / 1_000, digits: 3), .slack(Double($0) / 1_000))
    }
}

private func sweep(
    _ store: Store, _ queries: QuerySet, _ efforts: [(param: JSONValue, effort: Effort)]
) throws -> [(param: JSONValue, setting: SearchSetting)] {
    var settings: [(param: JSONValue, setting: SearchSetting)] = []
    for (param, effort) in efforts {
        let setting = try queries.measure(store, effort: effort)
        settings.append((param, setting))
        report("\(effort): recall \(setting.recall), \(setting.latencies.percentiles([50])[0]) ms")
        if setting.recall > sufficientRecall { break }
    }
    return settings
}

/// What exactly `recall` costs, on straight lines between the settings on either side of it; nil
/// where there are none.
private func point(at recall: Double, of settings: [SearchSetting]) -> JSONValue? {
    guard let upper = settings.firstIndex(where: { $0.recall >= recall }) else { return nil }
    let (a, b) = (settings[max(0, upper - 1)], settings[upper])
    let share = b.recall > a.recall ? (recall - a.recall) / (b.recall - a.recall) : 1
    let means = zip(a.means, b.means).map { low, high in
        // Times are what adds up, not their inverses.
        let isRate = low.name.hasPrefix("qps")
        let value =
            isRate
            ? 1 / (1 / low.value + share * (1 / high.value - 1 / low.value))
            : low.value + share * (high.value - low.value)
        return (name: low.name, value: JSONValue.decimal(value, digits: 1))
    }
    // Where the least effort found more, there is nothing to interpolate.
    let found = upper == 0 ? b.recall : recall
    return .object([("recall10", .decimal(found, digits: 4))] + means)
}

/// The name of the directory the base file stands in.
private func baseName(_ arguments: Arguments) throws -> String {
    let parts = try arguments.required("base").split(separator: "/")
    return String(parts.dropLast().last ?? parts.last ?? "")
}
