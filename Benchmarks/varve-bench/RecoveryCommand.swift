// How long it takes to open a store whose process was killed, by the bytes of its log.

import Foundation
import Varve

/// `recovery`: replay of a log that nothing has flushed.
let recoveryCommand = Command(
    name: "recovery",
    summary: "kills a process after its last acknowledged batch, then opens what it left",
    options: LoadPlan.options, run: measureRecovery)

private func measureRecovery(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let plan = try LoadPlan(arguments, defaultDurability: .onRequest)
    defer { removeDirectory(plan.storePath) }
    try loadAndDie(arguments, plan)
    let logByteCount = directoryByteCount(plan.storePath + "/log")
    let start = monotonicNanoseconds()
    let store = try Store.open(at: plan.storePath)
    let openSeconds = seconds(since: start)
    let lastRow = RecordID.number(UInt64(plan.rowCount - 1))
    guard try store.get(.number(0)) != nil, try store.get(lastRow) != nil else {
        throw MatrixFileProblem(description: "rows are missing after recovery")
    }
    try store.close()
    let vectorMebibytes = Double(plan.vectorByteCount) / 1_048_576
    return plan.fields + [
        ("log_files_mib", .decimal(Double(logByteCount) / 1_048_576, digits: 1)),
        ("vectors_mib", .decimal(vectorMebibytes, digits: 1)),
        ("recovery_s", .decimal(openSeconds, digits: 3)),
        ("recovery_rows_per_s", .decimal(Double(plan.rowCount) / openSeconds, digits: 0)),
        ("recovery_vectors_mib_per_s", .decimal(vectorMebibytes / openSeconds, digits: 1)),
    ]
}

/// Runs `ingest` with the same options in a process of its own that kills itself at the end.
private func loadAndDie(_ arguments: Arguments, _ plan: LoadPlan) throws {
    let child = Process()
    child.executableURL = URL(
        fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    )
    var words = ["ingest", "--end", "kill"]
    for option in LoadPlan.options where option.name != "durability" {
        if let value = arguments.text(option.name) { words += ["--" + option.name, value] }
    }
    child.arguments = words + ["--durability", plan.storeOptions.durability.text]
    child.standardOutput = FileHandle.nullDevice
    try child.run()
    child.waitUntilExit()
    guard child.terminationReason == .uncaughtSignal else {
        throw MatrixFileProblem(description: "loading failed, status \(child.terminationStatus)")
    }
}
