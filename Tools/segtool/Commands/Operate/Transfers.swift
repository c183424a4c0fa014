// Creating, filling, copying and emptying stores through the public face.

import Varve
import VarveFormat
import VarveStorage

extension Verb {
    private static func budget(_ call: Invocation) throws -> Options? {
        guard call.text("budget") != nil else { return nil }
        var options = Options()
        options.memoryBudgetByteCount = try call.count("budget", default: 256, least: 16) << 20
        return options
    }

    @Sendable static func createStore(_ call: Invocation) throws -> ExitStatus {
        guard call.text("dimension") != nil else {
            throw ToolFailure.usage("--dimension is missing")
        }
        let metric: Metric =
            switch call.text("metric") {
            case "cosine": .cosine
            case "innerProduct": .innerProduct
            default: .euclidean
            }
        let elements: ElementType =
            switch call.text("elements") {
            case "float16": .float16
            case "uint8": .uint8
            case "int8": .int8
            default: .float32
            }
        let schema = Schema(
            dimension: try call.count("dimension", default: 0, least: 1), metric: metric,
            elementType: elements)
        let store = try Store.create(
            at: call.store.text, on: call.fileSystem, call.runtime, schema: schema,
            options: try budget(call) ?? Options())
        try store.close()
        call.output.note("\(call.store) is a store now")
        return .clean
    }

    /// The file that an operand names, by its ending.
    private static func file(_ call: Invocation) -> TransferFile {
        let path = call.operands[1]
        if path.hasSuffix(".jsonl") || path.hasSuffix(".json") { return .jsonLines(path: path) }
        return .vectors(path: path, attributesPath: call.text("attributes"))
    }

    @Sendable static func importRows(_ call: Invocation) throws -> ExitStatus {
        let budget = try budget(call)
        let store = try Store.open(
            at: call.store.text, on: call.fileSystem, call.runtime, options: budget)
        let told = ProgressBox(call.progress)
        var count = 0
        var segments = 0
        if call.text("batch") != nil {
            let rows = try call.count("batch", default: 1_000, least: 1)
            count = try store.importRows(
                from: file(call), batchRowCount: rows, observer: { told.tell("importing", $0) })
        } else {
            let report = try store.bulkLoad(
                from: file(call), observer: { told.tell("importing", $0) })
            count = report.rowCount
            segments = report.segmentCount
        }
        let seconds = max(1e-9, Double(call.progress.elapsedNanoseconds) / 1e9)
        try store.close()
        call.progress.clear()
        call.output.section("import", "Import") {
            call.output.fields([
                ("rows", "rows", .count(count)), ("segments", "segments made", .count(segments)),
                ("seconds", "seconds", .figure(seconds, 2)),
                ("rows_per_second", "rows a second", .figure(Double(count) / seconds, 0)),
            ])
        }
        return .clean
    }

    @Sendable static func exportRows(_ call: Invocation) throws -> ExitStatus {
        let store = try call.openReadOnly()
        defer { try? store.close() }
        let told = ProgressBox(call.progress)
        let count = try store.exportRows(
            to: file(call), observer: { told.tell("exporting", $0) })
        let seconds = max(1e-9, Double(call.progress.elapsedNanoseconds) / 1e9)
        call.progress.clear()
        call.output.section("export", "Export") {
            call.output.fields([
                ("rows", "rows", .count(count)), ("seconds", "seconds", .figure(seconds, 2)),
                ("rows_per_second", "rows a second", .figure(Double(count) / seconds, 0)),
            ])
        }
        return .clean
    }

    @Sendable static func checkpoint(_ call: Invocation) throws -> ExitStatus {
        let store = try Store.open(at: call.store.text, on: call.fileSystem, call.runtime)
        try store.checkpoint(at: call.operands[1])
        try store.close()
        call.output.note("\(call.operands[1]) is a copy now")
        return .clean
    }

    @Sendable static func purgeStore(_ call: Invocation) throws -> ExitStatus {
        let store = try Store.open(at: call.store.text, on: call.fileSystem, call.runtime)
        let report = try store.purge()
        try store.close()
        show(call, report)
        return .clean
    }

    @Sendable static func showLock(_ call: Invocation) throws -> ExitStatus {
        guard try call.fileSystem.status(call.store)?.isDirectory == true else {
            throw ToolFailure.usage("no directory stands at \(call.store)")
        }
        let probe = LockProbe(call.store)
        call.output.fields([("writer", "writer", .text(probe.description))])
        if case .held = probe.state { return .inUse }
        return .clean
    }
}

/// Hands progress from a store's thread to the line that shows it.
final class ProgressBox: @unchecked Sendable {
    // Invariant for Sendable: transfers call their observer on the calling thread alone.
    private let line: ProgressLine

    init(_ line: ProgressLine) { self.line = line }

    func tell(_ what: String, _ progress: TransferProgress) -> Bool {
        line.tell(
            what, done: UInt64(progress.rowCount), total: progress.totalRowCount.map { UInt64($0) }
        ) { Units.grouped(Int($0)) + " rows" }
        return true
    }
}
