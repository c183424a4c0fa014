// `segment codes`: what a segment's codes take, how far they are off, and the codes of some rows.

import VarveCheck
import VarveFormat
import VarveKernels

extension Verb {
    @Sendable static func segmentCodes(_ call: Invocation) throws -> ExitStatus {
        let target = try SegmentTarget(call)
        let description = try target.description()
        let figures = try SegmentFigures(target.segment)
        call.output.table(
            "sections", "Sections of codes",
            [Column("section"), Column("bytes"), Column("per_row", "bytes/row")]
        ) { add in
            for entry in target.segment.entries
            where entry.name.hasPrefix("code") || entry.name.hasPrefix("walk")
                || entry.name.hasPrefix("lists")
            {
                add([
                    .text(entry.name), .bytes(entry.byteCount),
                    .figure(Double(entry.byteCount) / Double(description.rowCount), 1),
                ])
            }
        }
        call.output.table("figures", "Figures", [Column("name"), Column("value")]) { add in
            for figure in figures.statistics?.figures ?? [] where figure.name.contains("code") {
                add([.text(figure.name), .figure(figure.value, 4)])
            }
        }
        return try codeRows(call, target, description) ? target.status : .corruption
    }

    /// Shows the codes of the rows that are asked for; false if some cannot be read.
    private static func codeRows(
        _ call: Invocation, _ target: SegmentTarget, _ description: SegmentDescription
    ) throws -> Bool {
        guard let section = target.segment.index(of: SegmentSection.codes.rawValue) else {
            return true
        }
        var areWhole = true
        try call.output.table(
            "rows", "Rows",
            [Column("row"), Column("list"), Column("a"), Column("b"), Column("code")]
        ) { add in
            for row in try target.rows(call, of: description) {
                guard let code = try RowCodeRecord(row, section, target.segment) else {
                    areWhole = false
                    add([.number(UInt64(row)), .none, .none, .none, .mark("unreadable", .bad)])
                    continue
                }
                let hex = code.bytes.map { Units.hex(UInt64($0), 2) }.joined()
                add([
                    .number(UInt64(row)), .count(Int(code.list)), .figure(Double(code.a), 4),
                    .figure(Double(code.b), 4), .user(hex),
                ])
            }
        }
        return areWhole
    }
}

/// The code of one row, as the section `codes` has it.
private struct RowCodeRecord {
    /// The list the row lies in.
    var list: UInt32
    /// The factors of its estimates, relative to the unit of the codebook.
    var a: Float
    var b: Float
    /// One half of a byte for each sub-space: see "Row codes" in `walk.md`.
    var bytes: [UInt8]

    /// Reads the code of `row`; nil if its group is damaged.
    init?(_ row: UInt32, _ section: Int, _ segment: SegmentImage) throws {
        guard let rowCount = try segment.rowCount(), rowCount > 0 else { return nil }
        let groupCount = (rowCount + RowCodes.groupRowCount - 1) / RowCodes.groupRowCount
        let groupByteCount = Int(segment.entries[section].byteCount) / groupCount
        let codeByteCount = groupByteCount / RowCodes.groupRowCount - RowCodes.factorByteCount
        let (group, lane) = Int(row).quotientAndRemainder(dividingBy: RowCodes.groupRowCount)
        let start = group * groupByteCount
        guard codeByteCount > 0, Int(row) < rowCount,
            let bytes = try segment.verifiedBytes(
                section: section, start..<start + groupByteCount)
        else { return nil }
        func word(_ offset: Int, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
        }
        let factors = lane * RowCodes.factorByteCount
        a = Float(Float16(bitPattern: UInt16(word(factors, 2))))
        b = Float(Float16(bitPattern: UInt16(word(factors + 2, 2))))
        list = word(factors + 4, 4)
        let first = RowCodes.factorByteCount * RowCodes.groupRowCount + lane * codeByteCount
        self.bytes = Array(bytes[first..<first + codeByteCount])
    }
}

extension SegmentTarget {
    /// The rows that `--id`, or `--from` and `--count`, ask for.
    func rows(_ call: Invocation, of description: SegmentDescription) throws -> [UInt32] {
        if let text = call.text("id") { return [try row("id:" + text).rawValue] }
        let first = try call.count("from", default: 0)
        let end = min(description.rowCount, first + (try call.count("count", default: 20)))
        return first < end ? Array(UInt32(first)..<UInt32(end)) : []
    }
}
