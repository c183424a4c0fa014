// Figures of a whole store: once, for a collector, or again and again.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func stats(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let summary = try StoreSummary(image)
        _ = try call.manifest(image)
        if call.has("prometheus") {
            call.output.raw(prometheus(image, summary))
            return .clean
        }
        call.output.section("totals", "Totals") {
            call.output.fields(
                StoreFigure.all(image, summary).map { ($0.key, $0.label, $0.cell) })
        }
        try showSegmentFigures(call, image, summary)
        return .clean
    }

    private static func showSegmentFigures(
        _ call: Invocation, _ image: StoreImage, _ summary: StoreSummary
    ) throws {
        try call.output.table(
            "segments", "Segments",
            [
                Column("segment"), Column("rows"), Column("deleted"),
                Column("deleted_share", "share"),
                Column("bytes"), Column("per_row", "bytes/row"), Column("degree", "mean degree"),
                Column("width90", "width .90"), Column("width95", "width .95"),
                Column("width99", "width .99"),
            ]
        ) { add in
            for record in summary.manifest?.segments ?? [] {
                let figures = try SegmentFigures(image, record)
                let deleted = record.tombstones?.deletedCount ?? 0
                add(
                    [
                        .number(record.id.rawValue), .count(record.rowCount), .count(deleted),
                        .share(Double(deleted) / Double(record.rowCount)), .bytes(record.byteCount),
                        .figure(Double(record.byteCount) / Double(record.rowCount), 0),
                        figures.meanDegree.map { .figure($0, 1) } ?? .none,
                    ] + figures.widths)
            }
        }
    }

    private static func prometheus(_ image: StoreImage, _ summary: StoreSummary) -> String {
        var text = ""
        for figure in StoreFigure.all(image, summary) {
            guard let value = figure.value else { continue }
            text += "# HELP varve_\(figure.key) \(figure.label)\n"
            text += "# TYPE varve_\(figure.key) gauge\nvarve_\(figure.key) \(value)\n"
        }
        let rows: [(String, String, (SegmentRecord) -> UInt64)] = [
            ("segment_rows", "Rows of a segment, deleted ones included", { UInt64($0.rowCount) }),
            (
                "segment_deleted_rows", "Deleted rows of a segment",
                { UInt64($0.tombstones?.deletedCount ?? 0) }
            ),
            ("segment_bytes", "Bytes of a segment's file", { $0.byteCount }),
        ]
        for (name, help, value) in rows {
            text += "# HELP varve_\(name) \(help)\n# TYPE varve_\(name) gauge\n"
            for segment in summary.manifest?.segments ?? [] {
                text += "varve_\(name){segment=\"\(segment.id.rawValue)\"} \(value(segment))\n"
            }
        }
        return text
    }

    @Sendable static func watch(_ call: Invocation) throws -> ExitStatus {
        let interval = try call.count("interval", default: 2, least: 1)
        let count = try call.count("count", default: .max, least: 1)
        var last: (time: UInt64, sequence: UInt64)?
        var looks = 0
        try call.output.table(
            "looks", nil,
            [
                Column("time"), Column("version"), Column("segments"), Column("rows"),
                Column("deleted"), Column("segment_bytes", "segments"),
                Column("log_bytes", "logs"), Column("last_sequence", "last write"),
                Column("writes_per_second", "writes/s"), Column("writer"),
            ]
        ) { add in
            while looks < count {
                let image = try call.image()
                let summary = try StoreSummary(image)
                let now = call.runtime.monotonicNanoseconds()
                let sequence = summary.lastSequence.rawValue
                let rate = last.map { before in
                    Double(sequence &- before.sequence)
                        / (Double(max(1, now - before.time)) / 1e9)
                }
                last = (now, sequence)
                add([
                    .time(call.runtime.wallClockMicroseconds()),
                    image.live.map { .number($0.number.rawValue) } ?? .none,
                    .count(summary.segmentCount), .count(summary.rowCount),
                    .count(summary.deletedCount), .bytes(summary.segmentByteCount),
                    .bytes(summary.logByteCount), .number(sequence),
                    rate.map { .figure($0, 1) } ?? .none, .text(lockState(call)),
                ])
                call.surroundings.flush()
                looks += 1
                if looks < count {
                    call.runtime.sleep(nanoseconds: UInt64(interval) * 1_000_000_000)
                }
            }
        }
        return .clean
    }
}

/// A figure of a whole store, with its name for collectors.
struct StoreFigure {
    var key: String
    var label: String
    var cell: Cell

    /// The plain number.
    var value: UInt64? {
        switch cell {
        case .count(let count): UInt64(clamping: count)
        case .number(let number), .bytes(let number): number
        default: nil
        }
    }

    static func all(_ image: StoreImage, _ summary: StoreSummary) -> [StoreFigure] {
        func bytes(_ role: FileRole) -> Cell {
            .bytes(image.entries.filter { $0.role == role }.reduce(0) { $0 + $1.byteCount })
        }
        let rows: [(String, String, Cell)] = [
            ("version", "version", image.live.map { .number($0.number.rawValue) } ?? .none),
            ("segments", "segments", .count(summary.segmentCount)),
            ("rows", "rows in segments", .count(summary.rowCount)),
            ("deleted_rows", "deleted rows in segments", .count(summary.deletedCount)),
            ("segments_bytes", "bytes of segments", .bytes(summary.segmentByteCount)),
            ("logs", "logs", .count(summary.logs.count)),
            ("log_bytes", "bytes of logs", .bytes(summary.logByteCount)),
            ("log_batches", "batches to replay", .count(summary.logBatchCount)),
            ("last_sequence", "last write", .number(summary.lastSequence.rawValue)),
            ("live_bytes", "bytes of live files", bytes(.live)),
            ("history_bytes", "bytes of older versions", bytes(.history)),
            ("obsolete_bytes", "bytes nothing needs", bytes(.obsolete)),
            ("trash_bytes", "bytes in the trash", bytes(.trash)),
        ]
        return rows.map { StoreFigure(key: $0.0, label: $0.1, cell: $0.2) }
    }
}

/// Figures of one segment that stand in its small sections.
struct SegmentFigures {
    private(set) var statistics: SegmentStatistics?
    private(set) var canary: SegmentCanary?

    private init() {}

    init(_ image: StoreImage, _ record: SegmentRecord) throws {
        let name = FileNames.segment(record.id)
        guard
            let segment = try? SegmentImage(
                image.fileSystem, path: image.path(name), name: name, role: .live, record: record)
        else {
            self.init()
            return
        }
        try self.init(segment)
    }

    init(_ segment: SegmentImage) throws {
        self.init()
        guard let description = try segment.description() else { return }
        if let bytes = try segment.whole(.statistics) {
            // Safety: every pattern of bits is a byte.
            statistics = try? SegmentStatistics(
                decoding: unsafe bytes.span.bytes, maximumDegree: description.maximumDegree)
        }
        if let bytes = try segment.whole(.canary) {
            // Safety: every pattern of bits is a byte.
            canary = try? SegmentCanary(
                decoding: unsafe bytes.span.bytes, dimension: description.schema.dimension,
                rowCount: description.rowCount)
        }
    }

    var meanDegree: Double? {
        guard let histogram = statistics?.degreeHistogram else { return nil }
        let rows = histogram.reduce(0, +)
        let edges = histogram.enumerated().reduce(UInt64(0)) { $0 + UInt64($1.offset) * $1.element }
        return rows == 0 ? nil : Double(edges) / Double(rows)
    }

    /// The widths that reached the recall targets, as cells.
    var widths: [Cell] {
        guard let canary else { return [.none, .none, .none] }
        return canary.widths.map { $0 == 0 ? .none : .count(Int($0)) }
    }
}

extension SegmentImage {
    /// All bytes of a small section, if they verify.
    func whole(_ section: SegmentSection) throws(StorageError) -> [UInt8]? {
        guard let index = index(of: section.rawValue), entries[index].byteCount <= 32 << 20 else {
            return nil
        }
        return try verifiedBytes(section: index, 0..<Int(entries[index].byteCount))
    }
}
