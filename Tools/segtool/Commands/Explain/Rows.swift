// One row: as a reader sees it, and every trace of it.

import Varve
import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

extension Invocation {
    /// The store opened for reading only, as of `--snapshot` where that is given.
    func openReadOnly(_ path: FilePath? = nil) throws -> Store {
        try openReadOnly(path ?? store, version: path == nil ? snapshot() : nil)
    }

    /// The store at `path`, opened for reading only: as it is, or what the segments of an older
    /// version hold.
    func openReadOnly(_ path: FilePath, version: VersionNumber?) throws -> Store {
        var disk = fileSystem
        if let version {
            let image = try StoreImage(fileSystem, path, version: version)
            guard let found = image.live else {
                throw ToolFailure.usage("version \(version.rawValue) is not on the disk")
            }
            disk = try PinnedVersion(image, found)
        }
        return try Store.open(at: path.text, on: disk, runtime, readOnly: true)
    }
}

extension Verb {
    @Sendable static func getRow(_ call: Invocation) throws -> ExitStatus {
        let id = try rowID(call.operands[1])
        let store = try call.openReadOnly()
        defer { try? store.close() }
        guard let row = try store.get(id) else {
            call.output.note("no row has that id; segtool find tells more")
            return .usage
        }
        let digits = store.schema.elementType.isWhole ? 0 : 5
        let components = row.vector.map { Units.fixed(Double($0), digits) }
        let shown = call.has("vector") ? components[...] : components.prefix(8)
        let more = shown.count < components.count ? " ... (\(components.count))" : ""
        call.output.fields([
            ("id", "id", .id(row.id)),
            ("vector", "vector", .user(shown.joined(separator: " ") + more)),
        ])
        call.output.table(
            "attributes", "Attributes", [Column("name"), Column("value")]
        ) { add in
            for (name, value) in row.attributes.sorted(by: { $0.key < $1.key }) {
                add([.user(name), .user(VectorText.text(value))])
            }
        }
        return .clean
    }

    @Sendable static func findRow(_ call: Invocation) throws -> ExitStatus {
        let id = try rowID(call.operands[1])
        let image = try call.image()
        var liveSegment: String?
        var lastOperation: String?
        var count = 0
        try call.output.table(
            "traces", nil,
            [
                Column("file"), Column("role"), Column("place"), Column("writes"), Column("state"),
            ]
        ) { add in
            for entry in image.entries {
                switch entry.file {
                case .segment(let segment)?:
                    guard let trace = try segmentTrace(image, entry, segment, id) else { continue }
                    count += 1
                    if entry.role == .live, trace.isLive { liveSegment = entry.name }
                    add(trace.cells)
                case .log?:
                    for cells in try logTraces(image, entry, id) {
                        count += 1
                        if entry.role == .live, case .mark(let what, _) = cells[4] {
                            lastOperation = what
                        }
                        add(cells)
                    }
                default: continue
                }
            }
        }
        let verdict: String
        switch (lastOperation, liveSegment) {
        case (let operation?, _):
            verdict =
                operation.hasPrefix("delete")
                ? "deleted by the newest log" : "alive, by the newest log"
        case (nil, let name?): verdict = "alive, in \(name)"
        case (nil, nil): verdict = count == 0 ? "no trace" : "dead: only traces are left"
        }
        call.output.machine("verdict", .text(verdict))
        call.output.picture(verdict + "\n")
        return .clean
    }

    private static func segmentTrace(
        _ image: StoreImage, _ entry: StoreImage.Entry, _ id: SegmentID, _ wanted: RecordID
    ) throws -> (cells: [Cell], isLive: Bool)? {
        let record = image.live?.manifest?.segments.first { $0.id == id }
        guard
            let segment = try? SegmentImage(
                image.fileSystem, path: image.path(entry.name), name: entry.name,
                role: entry.role, record: entry.retiredSeconds == nil ? record : nil),
            let description = try segment.description()
        else { return nil }
        for row in (0..<UInt32(description.rowCount)).lazy.map({ RowOrdinal($0) }) {
            guard try segment.id(of: row) == wanted else { continue }
            var state = Cell.mark("row", .good)
            var isLive = true
            if let tombstones = record?.tombstones, entry.retiredSeconds == nil {
                let name = FileNames.tombstones(id, tombstones.version)
                if let file = TombstoneReading.read(image, name) {
                    if file.rows.contains(row) {
                        isLive = false
                        state = .mark(
                            "deleted as of version \(tombstones.version.rawValue) or before", .odd)
                    }
                } else {
                    state = .mark("unknown: \(name) is damaged", .bad)
                }
            }
            if try segment.node(row) == nil { state = .mark("row, its vector is damaged", .bad) }
            let range = description.sequences
            return (
                [
                    .text(entry.name), roleCell(entry.role), .text("row \(row.rawValue)"),
                    .text("\(range.lowerBound.rawValue)..\(range.upperBound.rawValue)"), state,
                ], isLive
            )
        }
        return nil
    }

    private static func logTraces(
        _ image: StoreImage, _ entry: StoreImage.Entry, _ id: RecordID
    ) throws -> [[Cell]] {
        guard let schema = image.schema else { return [] }
        var rows: [[Cell]] = []
        var walk = try LogWalk(image.fileSystem, path: image.path(entry.name))
        while let item = try walk.next() {
            guard case .record(let record, let offset, let payload, let fix) = item,
                record.type == LogRecordType.batch.rawValue,
                // Safety: every pattern of bits is a byte.
                var batch = try? BatchDecoder(
                    unsafe payload.span.bytes, vectorByteCount: schema.vectorByteCount)
            else { continue }
            while let operation = try batch.next() {
                guard operation.id == id else { continue }
                var what = "upsert"
                if case .delete = operation { what = "delete" }
                if fix != nil { what += ", one bit put right" }
                rows.append([
                    .text(entry.name), roleCell(entry.role), .text("offset \(offset)"),
                    .text("\(batch.sequence.rawValue)"),
                    .mark(what, fix != nil ? .bad : what == "delete" ? .odd : .good),
                ])
            }
        }
        return rows
    }

    /// A side of a comparison: a store's directory, or one and a version behind an `@`.
    private static func openSide(_ text: String, _ call: Invocation) throws -> Store {
        guard let at = text.lastIndex(of: "@"), let number = UInt64(text[text.index(after: at)...]),
            try call.fileSystem.status(FilePath(text)) == nil
        else { return try call.openReadOnly(FilePath(text), version: nil) }
        return try call.openReadOnly(
            FilePath(String(text[..<at])), version: VersionNumber(number))
    }

    @Sendable static func diffStores(_ call: Invocation) throws -> ExitStatus {
        let limit = try call.count("limit", default: 1_000)
        let first = try openSide(call.operands[0], call)
        let second = try openSide(call.operands[1], call)
        defer {
            try? first.close()
            try? second.close()
        }
        guard first.schema == second.schema else {
            throw ToolFailure.usage("the stores have different schemas")
        }
        let (a, b) = (try first.snapshot(), try second.snapshot())
        var counts = (removed: 0, added: 0, changed: 0, same: 0)
        var listed = 0
        try call.output.table(
            "rows", nil, [Column("id"), Column("change"), Column("what")]
        ) { add in
            func list(_ cells: [Cell]) {
                listed += 1
                if listed <= limit { add(cells) }
            }
            try a.forEachRow { row throws(StoreError) in
                guard let other = try b.get(row.id) else {
                    counts.removed += 1
                    list([.id(row.id), .mark("removed", .bad), .text("only in A")])
                    return true
                }
                let vector = row.vector == other.vector
                let attributes = row.attributes == other.attributes
                if vector, attributes {
                    counts.same += 1
                } else {
                    counts.changed += 1
                    let parts = (vector ? [] : ["vector"]) + (attributes ? [] : ["attributes"])
                    list([
                        .id(row.id), .mark("changed", .odd),
                        .text(parts.joined(separator: ", ")),
                    ])
                }
                return true
            }
            try b.forEachRow { row throws(StoreError) in
                if try !a.contains(row.id) {
                    counts.added += 1
                    list([.id(row.id), .mark("added", .good), .text("only in B")])
                }
                return true
            }
        }
        call.output.section("totals", "Totals") {
            call.output.fields([
                ("same", "the same", .count(counts.same)),
                ("changed", "changed", .count(counts.changed)),
                ("removed", "only in A", .count(counts.removed)),
                ("added", "only in B", .count(counts.added)),
            ])
        }
        if listed > limit { call.output.note("\(listed - limit) more rows are not listed") }
        return listed > limit ? .partial : .clean
    }
}
