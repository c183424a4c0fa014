// A new store out of everything that verifies.

import Varve
import VarveCheck
import VarveFormat
import VarveStorage

extension Verb {
    @Sendable static func salvage(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let harvest = try RowHarvest(image)
        let target = try call.required("out")
        let kept = try StoreRebuilding.rebuild(
            call, harvest, at: FilePath(target), upTo: try call.harvestLimit(image))
        return show(call, harvest.count, keptCount: kept, target)
    }

    /// What a salvage has found, and the status it calls for.
    static func show(
        _ call: Invocation, _ count: HarvestCount, keptCount: Int, _ target: String
    ) -> ExitStatus {
        call.output.section("salvage", "Salvage") {
            call.output.fields([
                ("out", "new store", .text(target)),
                ("kept_rows", "rows kept", .count(keptCount)),
                ("segment_rows", "from segments", .count(count.segmentRowCount)),
                ("log_batches", "batches from logs", .count(count.batchCount)),
                ("log_operations", "operations in them", .count(count.operationCount)),
                (
                    "corrected_blocks", "blocks put right by one bit",
                    .count(count.correctedBlockCount)
                ),
                ("retired_rows", "rows from retired logs", .count(count.retiredRowCount)),
                ("older_copies", "rows from older copies", .count(count.olderCopyCount)),
                ("bare_rows", "rows without their attributes", .count(count.bareRowCount)),
                ("lost_rows", "live rows of segments lost", .count(count.lostRowCount)),
                (
                    "missing_batches", "batches missing in logs",
                    .count(count.missingSequences.reduce(0) { $0 + $1.count })
                ),
            ])
        }
        if !count.lostIDs.isEmpty {
            call.output.table("lost", "Lost rows whose ids are known", [Column("id")]) { add in
                for id in count.lostIDs { add([.id(id)]) }
            }
        }
        if !count.missingSequences.isEmpty {
            call.output.table(
                "missing", "Missing writes", [Column("from"), Column("to")]
            ) { add in
                for range in count.missingSequences {
                    add([.number(range.lowerBound), .number(range.upperBound)])
                }
            }
        }
        for doubt in count.doubts { call.output.note(doubt) }
        let isWhole =
            count.lostRowCount == 0 && count.missingSequences.isEmpty && count.doubts.isEmpty
            && count.bareRowCount == 0
        return isWhole ? .clean : .partial
    }
}

extension Invocation {
    /// How far logs are followed: not at all behind a version asked for by `--snapshot`.
    func harvestLimit(_ image: StoreImage) throws -> HarvestLimit {
        guard try snapshot() != nil, let manifest = image.live?.manifest else {
            return HarvestLimit()
        }
        return HarvestLimit(sequence: manifest.lastSequence.rawValue)
    }

    /// The value of an option that must be given.
    func required(_ name: String) throws -> String {
        guard let value = text(name) else { throw ToolFailure.usage("--\(name) is missing") }
        return value
    }
}

/// A new store filled from a harvest.
enum StoreRebuilding {
    /// Creates a store at `path` and writes every row of `harvest` to it; gives how many it has.
    ///
    /// Segments come first, in one load; then the logs, batch by batch, so that later writes win.
    static func rebuild(
        _ call: Invocation, _ harvest: RowHarvest, at path: FilePath,
        upTo limit: HarvestLimit = HarvestLimit()
    ) throws -> Int {
        try FileCopying.makeEmpty(call.fileSystem, path)
        var options = Options()
        if let stored = harvest.image.live?.manifest?.options {
            options = options.adopting(stored)
        }
        options.durability = .onRequest
        let store = try Store.create(
            at: path.text, on: call.fileSystem, call.runtime, schema: harvest.schema,
            options: options)
        var batch = WriteBatch()
        var written = 0
        func flush() throws {
            guard !batch.isEmpty else { return }
            try store.write(batch)
            written += batch.count
            batch.removeAll()
            call.progress.tell("rows", done: UInt64(written), total: nil) {
                Units.grouped(Int($0))
            }
        }
        try harvest.forEachRetiredOperation { id, row in
            add(id, row, to: &batch)
            if batch.count >= 1_000 { try flush() }
        }
        try harvest.forEachSegmentRow { row in
            batch.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
            if batch.count >= 1_000 { try flush() }
        }
        try harvest.forEachOperation(upTo: limit) { id, row in
            add(id, row, to: &batch)
            if batch.count >= 1_000 { try flush() }
        }
        try flush()
        try store.flush()
        let count = try store.count()
        try store.close()
        call.progress.clear()
        return count
    }

    private static func add(_ id: RecordID, _ row: Row?, to batch: inout WriteBatch) {
        if let row {
            batch.upsert(id: id, vector: row.vector, attributes: row.attributes)
        } else {
            batch.delete(id: id)
        }
    }
}

extension Options {
    /// The options a store keeps, as far as they shape what is built.
    func adopting(_ stored: [StoredOption]) -> Options {
        var copy = self
        func number(_ key: String) -> Int? {
            stored.first { $0.key == key }.flatMap { Int($0.value) }
        }
        copy.memoryBudgetByteCount = number("memory_budget_bytes") ?? memoryBudgetByteCount
        copy.maxDegree = number("max_degree") ?? maxDegree
        copy.buildWidth = number("build_width") ?? buildWidth
        return copy
    }
}
