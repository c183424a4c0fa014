// Inside one segment: what it says, its map, its bytes, its rows.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

/// The segment that a verb is about.
struct SegmentTarget {
    let image: StoreImage
    let segment: SegmentImage
    /// What the live version, or the newest that has it, says of it.
    let record: SegmentRecord?
    /// The names of attributes by number.
    let names: [AttributeDefinition]

    init(_ call: Invocation) throws {
        image = try call.image()
        let text = call.operands[1]
        let name: String
        if let number = UInt64(text) {
            let id = SegmentID(number)
            let retired = image.entries.first {
                $0.file == .segment(id) && $0.retiredSeconds != nil
            }
            let plain = FileNames.segment(id)
            name = image.entry(plain) == nil ? retired?.name ?? plain : plain
        } else {
            name = text
        }
        guard let entry = image.entry(name), case .segment(let id)? = entry.file else {
            throw ToolFailure.usage("the store has no segment \(text)")
        }
        let manifests =
            [image.live?.manifest].compactMap { $0 }
            + image.versions.reversed().compactMap(\.manifest)
        record = manifests.lazy.compactMap { $0.segments.first { $0.id == id } }.first
        segment = try SegmentImage(
            image.fileSystem, path: image.path(name), name: name, role: entry.role, record: record)
        names = manifests.first?.attributes ?? []
    }

    /// What the segment says about itself.
    func description() throws -> SegmentDescription {
        guard let found = try segment.description() else {
            throw ToolFailure(
                .corruption,
                "\(segment.name): the section schema cannot be read"
                    + (segment.problems.first.map { " (\($0))" } ?? ""))
        }
        return found
    }

    /// The row that an operand names: its ordinal, or `id:` and an id.
    func row(_ text: String) throws -> RowOrdinal {
        let count = try description().rowCount
        if text.hasPrefix("id:") {
            let id = try Verb.rowID(String(text.dropFirst(3)))
            guard let row = try find(id) else {
                throw ToolFailure.usage("no readable row of the segment has the id \(id)")
            }
            return row
        }
        guard let number = UInt32(text), Int(number) < count else {
            throw ToolFailure.usage("a row is an ordinal below \(count), or id:ID, not \(text)")
        }
        return RowOrdinal(number)
    }

    /// The row of that id; looks through all ids that can be read.
    func find(_ id: RecordID) throws -> RowOrdinal? {
        for row in 0..<UInt32(try description().rowCount) {
            if try segment.id(of: RowOrdinal(row)) == id { return RowOrdinal(row) }
        }
        return nil
    }

    /// The deleted rows, as the live version has them; nil if they cannot be read.
    func deleted() -> (rows: RowSet, error: String?) {
        guard let record, let tombstones = record.tombstones else { return (RowSet(), nil) }
        let name = FileNames.tombstones(record.id, tombstones.version)
        do {
            let bytes = try image.fileSystem.readWholeFile(
                image.path(name), limit: TombstoneFile.maximumByteCount)
            return (try TombstoneFile(decoding: bytes).rows, nil)
        } catch {
            return (RowSet(), "\(error)")
        }
    }

    /// The status that the structure's problems call for.
    var status: ExitStatus { segment.problems.isEmpty ? .clean : .corruption }
}

extension Verb {
    @Sendable static func segmentHeader(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let header = target.segment.header
        call.output.section("header", "File header") {
            call.output.fields([
                ("file", "file", .text(target.segment.name)),
                ("role", "role", roleCell(target.segment.role)),
                ("bytes", "bytes", .bytes(target.segment.byteCount)),
                ("store_id", "store id", header.map { .text($0.store.text) } ?? .none),
                ("file_id", "file id", header.map { .hex($0.file.rawValue) } ?? .none),
                ("number", "number", header.map { .number($0.number) } ?? .none),
            ])
        }
        for problem in target.segment.problems { call.output.note(problem.description) }
        guard let description = try target.segment.description() else { return .corruption }
        call.output.section("schema", "Schema") {
            call.output.fields([
                ("dimension", "dimension", .count(description.schema.dimension)),
                ("metric", "metric", .text("\(description.schema.metric)")),
                ("elements", "elements", .text("\(description.schema.elementType)")),
                ("rows", "rows", .count(description.rowCount)),
                ("ids", "ids", .text("\(description.identifierKind)")),
                ("degree", "largest degree", .count(description.maximumDegree)),
                ("first", "first write", .number(description.sequences.lowerBound.rawValue)),
                ("last", "last write", .number(description.sequences.upperBound.rawValue)),
                ("width", "build width", .count(Int(description.graph.buildWidth))),
                ("alpha", "alpha", .figure(Double(description.graph.alpha), 2)),
                ("slack", "slack", .figure(Double(description.graph.slack), 2)),
                ("seed", "seed", .number(description.graph.seed)),
                ("lift", "lifted norm", .figure(Double(description.liftNorm2), 3)),
                ("record", "bytes of a record", .count(description.nodeLayout.recordByteCount)),
                ("per_page", "records a page", .count(description.nodeLayout.recordsPerPage)),
            ])
        }
        call.output.table(
            "attributes", "Attributes", [Column("number"), Column("name"), Column("type")]
        ) { add in
            for (id, definition) in description.attributes {
                add([
                    .number(UInt64(id.rawValue)), .user(definition.name),
                    .text("\(definition.type)"),
                ])
            }
        }
        return target.status
    }

    @Sendable static func segmentSections(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let segment = target.segment
        var status = target.status
        try call.output.table(
            "sections", nil,
            [
                Column("number"), Column("name"), Column("required"), Column("offset"),
                Column("bytes"), Column("share"), Column("blocks"), Column("block", "of bytes"),
                Column("table", "checksums at"), Column("state"),
            ]
        ) { add in
            for (index, entry) in segment.entries.enumerated() {
                var state = Cell.none
                if call.has("verify") {
                    var badCount = 0
                    for block in 0..<entry.blockCount {
                        let found = try segment.block(
                            section: index, block: block, explains: false)
                        if found.state != .whole { badCount += 1 }
                    }
                    if badCount > 0 { status = .corruption }
                    state =
                        badCount == 0 ? .mark("whole", .good) : .mark("\(badCount) damaged", .bad)
                }
                add([
                    .count(index), .text(entry.name), .flag(entry.isRequired),
                    .number(entry.offset), .bytes(entry.byteCount),
                    .share(Double(entry.byteCount) / Double(segment.byteCount)),
                    .count(entry.blockCount), .count(entry.blockByteCount),
                    entry.tableOffset == 0 ? .none : .number(entry.tableOffset), state,
                ])
            }
        }
        for problem in segment.problems { call.output.note(problem.description) }
        return status
    }

    @Sendable static func segmentStats(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let figures = try SegmentFigures(target.segment)
        call.output.table("figures", "Figures", [Column("name"), Column("value")]) { add in
            for figure in figures.statistics?.figures ?? [] {
                add([.text(figure.name), .figure(figure.value, 4)])
            }
        }
        if let canary = figures.canary {
            call.output.section("canary", "Canary") {
                call.output.fields([
                    ("queries", "queries", .count(canary.queries.count)),
                    ("width90", "width for recall .90", figures.widths[0]),
                    ("width95", "width for recall .95", figures.widths[1]),
                    ("width99", "width for recall .99", figures.widths[2]),
                ])
            }
        }
        if let histogram = figures.statistics?.degreeHistogram {
            showHistogram(call, histogram.map { Int($0) })
        }
        return target.status
    }

    /// Rows by degree, in at most twenty lines.
    static func showHistogram(_ call: Invocation, _ histogram: [Int]) {
        let step = max(1, (histogram.count + 19) / 20)
        let parts = stride(from: 0, to: histogram.count, by: step).map { first in
            (first, min(first + step, histogram.count) - 1)
        }
        let sums = parts.map { histogram[$0.0...$0.1].reduce(0, +) }
        let largest = max(1, sums.max() ?? 1)
        call.output.table(
            "degrees", "Degrees", [Column("degree"), Column("rows"), Column("bar", "")]
        ) { add in
            for (part, sum) in zip(parts, sums) where sum > 0 {
                let name = part.0 == part.1 ? "\(part.0)" : "\(part.0)-\(part.1)"
                let length = max(1, sum * 40 / largest)
                add([.text(name), .count(sum), .text(String(repeating: "#", count: length))])
            }
        }
    }

    @Sendable static func segmentBlocks(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let segment = target.segment
        var status = target.status
        try call.output.table(
            "blocks", nil,
            [
                Column("section"), Column("block"), Column("offset"), Column("bytes"),
                Column("checksum"), Column("state"), Column("cause"),
            ]
        ) { add in
            for (index, entry) in segment.entries.enumerated()
            where call.text("section").map({ $0 == entry.name }) ?? true {
                for block in 0..<entry.blockCount {
                    let (_, state) = try segment.block(section: index, block: block)
                    if state != .whole { status = .corruption }
                    if call.has("damaged"), state == .whole { continue }
                    let expected = try segment.expectedChecksum(section: index, block: block)
                    let range = entry.blockRange(block)
                    add([
                        .text(entry.name), .count(block),
                        .number(entry.offset + UInt64(range.lowerBound)), .count(range.count),
                        expected.map { .hex($0) } ?? .none, stateCell(state), causeCell(state),
                    ])
                }
            }
        }
        return status
    }

    private static func stateCell(_ state: SegmentImage.BlockState) -> Cell {
        switch state {
        case .whole: .mark("whole", .good)
        case .corrected: .mark("one bit", .bad)
        case .damaged: .mark("damaged", .bad)
        case .unverifiable: .mark("unknown", .bad)
        case .missing: .mark("missing", .bad)
        }
    }

    private static func causeCell(_ state: SegmentImage.BlockState) -> Cell {
        switch state {
        case .whole: .none
        case .corrected(let damage): .text(damage.description)
        case .damaged(let damage): .text((damage ?? .unknown).description)
        case .unverifiable: .text("its checksum is damaged, too")
        case .missing: .text("the file ends before it")
        }
    }

    @Sendable static func segmentHexdump(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        guard call.output.redaction == nil else {
            throw ToolFailure.usage("bytes are not shown under --redact")
        }
        var start = UInt64(try call.count("offset", default: 0))
        var end = target.segment.byteCount
        if let name = call.text("section") {
            guard let index = target.segment.index(of: name) else {
                throw ToolFailure.usage("the segment has no section \(name)")
            }
            let entry = target.segment.entries[index]
            end = entry.offset + entry.byteCount
            start += entry.offset
        }
        let count = UInt64(try call.count("count", default: 256))
        guard start < end else { throw ToolFailure.usage("there are no bytes at \(start)") }
        let file = try call.fileSystem.open(call.store.appending(target.segment.name), .read)
        try call.output.table(
            "lines", nil, [Column("offset"), Column("bytes"), Column("text")]
        ) { add in
            var offset = start
            while offset < min(end, start + count) {
                let length = Int(min(16, min(end, start + count) - offset))
                let bytes = try file.readBytes(count: length, at: offset)
                let pairs = bytes.map { Units.hex(UInt64($0), 2) }
                let text = bytes.map {
                    (0x20...0x7E).contains($0) ? Character(Unicode.Scalar($0)) : "."
                }
                add([
                    .text(Units.hex(offset, 8)), .text(pairs.joined(separator: " ")),
                    .text(String(text)),
                ])
                offset += UInt64(length)
            }
        }
        return .clean
    }

    @Sendable static func segmentVectors(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let description = try target.description()
        let deleted = target.deleted()
        let rows = try target.rows(call, of: description)
        var badCount = 0
        try call.output.table(
            "rows", nil,
            [
                Column("row"), Column("id"), Column("state"), Column("degree"), Column("vector"),
                Column("attributes"),
            ]
        ) { add in
            for row in rows.map({ RowOrdinal($0) }) {
                let id = try target.segment.id(of: row)
                let node = try target.segment.node(row)
                let record = try target.segment.attributeRecord(of: row)
                let isWhole = id != nil && node != nil && record != nil
                if !isWhole { badCount += 1 }
                let state: Cell =
                    !isWhole
                    ? .mark("damaged", .bad)
                    : deleted.rows.contains(row) ? .mark("deleted", .odd) : .mark("live", .good)
                add([
                    .number(UInt64(row.rawValue)), id.map { .id($0) } ?? .mark("unreadable", .bad),
                    state, node.map { .count($0.neighbors.count) } ?? .none,
                    node.map { .user(VectorText.short($0.vector, description.schema)) }
                        ?? .mark("unreadable", .bad),
                    record.flatMap { VectorText.text($0, target.names) }.map { .user($0) }
                        ?? .mark("unreadable", .bad),
                ])
            }
        }
        return badCount > 0 ? .corruption : .clean
    }

    @Sendable static func segmentTombstones(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let deleted = target.deleted()
        if let error = deleted.error { throw ToolFailure(.corruption, error) }
        call.output.machine("deleted_count", .count(deleted.rows.count))
        try call.output.table("rows", nil, [Column("row"), Column("id")]) { add in
            for row in deleted.rows.ordinals {
                let id = try target.segment.id(of: RowOrdinal(row))
                add([.number(UInt64(row)), id.map { .id($0) } ?? .mark("unreadable", .bad)])
            }
        }
        return target.status
    }
}
