// How fast rows are written, acknowledged one batch after the other.

import Glibc
import Varve

/// `ingest`: rows a second, the latency of a batch, bytes written and kept.
let ingestCommand = Command(
    name: "ingest",
    summary: "writes rows in batches; rows a second, batch latency, size on disk",
    options: LoadPlan.options + [
        Option(name: "keep", placeholder: "yes|no", help: "leave the store where it is (no)"),
        Option(
            name: "end", placeholder: "close|kill",
            help: "how the process ends: kill leaves a log behind to recover (close)"),
    ],
    run: measureIngest)

private func measureIngest(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let plan = try LoadPlan(arguments)
    let yesNo = [("yes", true), ("no", false)]
    let keep = try arguments.choice("keep", of: yesNo, default: false)
    let kills = try arguments.choice(
        "end", of: [("kill", true), ("close", false)], default: false)
    defer { if !keep && !kills { removeDirectory(plan.storePath) } }
    plan.touchBase()
    let residentBefore = residentMebibytes("VmRSS")
    let writtenBefore = writtenByteCount()
    let store = try Store.create(
        at: plan.storePath, schema: plan.schema, options: plan.storeOptions)
    let report = try load(plan, into: store)
    if kills {
        // An end without goodbye: what is acknowledged lies in the log.
        raise(SIGKILL)
    }
    let flushStart = monotonicNanoseconds()
    try store.flush()
    let flushSeconds = seconds(since: flushStart)
    let residentAfter = residentMebibytes("VmRSS")
    let figures = try store.statistics()
    try store.close()
    let written = writtenByteCount() - writtenBefore
    let rate = Double(report.rowCount) / report.seconds
    let stallSeconds = Double(figures.longestStallNanoseconds) / 1e9
    return plan.fields + [
        ("ingest_s", .decimal(report.seconds, digits: 2)),
        ("rows_per_s", .decimal(rate, digits: 0)),
    ] + report.batches.fields("") + [
        ("longest_stall_s", .decimal(stallSeconds, digits: 3)),
        ("stalls", .integer(Int(figures.stallCount))),
        ("bytes_logged", .integer(Int(figures.loggedByteCount))),
        ("fsyncs", .integer(Int(figures.logSyncCount))),
        ("write_amplification", .decimal(figures.writeAmplification, digits: 2)),
        ("flush_s", .decimal(flushSeconds, digits: 2)),
        ("disk_mib", .decimal(Double(storeByteCount(plan.storePath)) / 1_048_576, digits: 1)),
        ("vectors_mib", .decimal(Double(plan.vectorByteCount) / 1_048_576, digits: 1)),
        ("written_mib", .decimal(Double(written) / 1_048_576, digits: 1)),
        ("rss_over_data_mib", .decimal(residentAfter - residentBefore, digits: 1)),
        ("peak_over_data_mib", .decimal(residentMebibytes("VmHWM") - residentBefore, digits: 1)),
    ]
}
