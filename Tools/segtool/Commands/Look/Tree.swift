// Lineage: which segments each version brought and dropped.

import VarveCheck
import VarveFormat
import VarveManifest

extension Verb {
    @Sendable static func tree(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        var known: Set<SegmentID> = []
        var isFirst = true
        var sources: [SegmentID: String] = [:]
        call.output.table(
            "versions", "Versions",
            [
                Column("version"), Column("created"), Column("added"), Column("dropped"),
                Column("marked", "newly deleted"), Column("how"),
            ]
        ) { add in
            var deleted: [SegmentID: Int] = [:]
            for version in image.versions {
                guard let manifest = version.manifest else { continue }
                let now = Set(manifest.segments.map(\.id))
                let added = now.subtracting(known).sorted()
                let dropped = known.subtracting(now).sorted()
                let how =
                    isFirst && version.manifest?.parent != nil
                    ? "older versions are gone" : Self.how(added, dropped)
                for id in added {
                    sources[id] = how + (dropped.isEmpty ? "" : " of " + names(dropped))
                }
                let marks = manifest.segments.reduce(0) { sum, segment in
                    let count = segment.tombstones?.deletedCount ?? 0
                    return sum
                        + (known.contains(segment.id) ? count - (deleted[segment.id] ?? 0) : 0)
                }
                deleted = Dictionary(
                    uniqueKeysWithValues: manifest.segments.map {
                        ($0.id, $0.tombstones?.deletedCount ?? 0)
                    })
                add([
                    .number(version.number.rawValue), .time(manifest.createdMicroseconds),
                    .text(names(added)), .text(names(dropped)), .count(marks), .text(how),
                ])
                known = now
                isFirst = false
            }
        }
        let manifest = try call.manifest(image)
        let largest = manifest.segments.map(\.rowCount).max() ?? 1
        call.output.table(
            "segments", "Segments of version \(manifest.version.rawValue)",
            [
                Column("segment"), Column("rows"), Column("deleted"), Column("bytes"),
                Column("writes"), Column("made_by", "made by"), Column("bar", "size"),
            ]
        ) { add in
            for segment in manifest.segments {
                let share = Double(segment.rowCount) / Double(largest)
                let bar = String(repeating: "#", count: max(1, Int(share * 30)))
                add([
                    .number(segment.id.rawValue), .count(segment.rowCount),
                    .count(segment.tombstones?.deletedCount ?? 0), .bytes(segment.byteCount),
                    .text("\(segment.firstSequence.rawValue)..\(segment.lastSequence.rawValue)"),
                    .text(sources[segment.id] ?? "-"), .text(bar),
                ])
            }
        }
        return .clean
    }

    private static func how(_ added: [SegmentID], _ dropped: [SegmentID]) -> String {
        switch (added.count, dropped.count) {
        case (0, 0): "deletes or options"
        case (_, 0): added.count == 1 ? "flush or load" : "load"
        case (0, _): "drop"
        default: "merge"
        }
    }

    private static func names(_ ids: [SegmentID]) -> String {
        ids.isEmpty ? "-" : ids.map { String($0.rawValue) }.joined(separator: " ")
    }
}
