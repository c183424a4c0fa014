// The figures that the page draws, gathered from the files.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveSegment
import VarveStorage

/// Everything the page shows.
struct ReportFigures {
    /// A segment in figures.
    struct Segment {
        var id: UInt64
        var rowCount: Int
        var deletedCount: Int
        var byteCount: UInt64
        var writes: String
        var meanDegree: Double?
        /// Recall of sampled searches; nil if it cannot be searched.
        var recall: Double?
    }

    /// A vector on the map.
    struct Point {
        var x: Double
        var y: Double
        /// Which colour: a segment's place, or a value's.
        var group: Int
        var name: String
    }

    /// What searching at a width costs and finds.
    struct Width {
        var width: Int
        var microseconds: Double
        var recall: Double
    }

    let title: String
    let facts: [(String, String)]
    private(set) var segments: [Segment] = []
    private(set) var roles: [(name: String, byteCount: UInt64)] = []
    private(set) var degrees: [Int] = []
    private(set) var distances: [Double] = []
    private(set) var widths: [Width] = []
    private(set) var points: [Point] = []
    private(set) var groups: [String] = []
    private(set) var grouping = "segment"
    private(set) var findings: [Finding] = []
    var findingCount: Int { findings.count { $0.severity > .oddity } }

    init(_ call: Invocation) throws {
        let image = try call.image()
        let manifest = try call.manifest(image)
        let summary = try StoreSummary(image)
        title = call.store.name
        facts = Self.facts(image, manifest, summary)
        var request = CheckRequest()
        request.level = .headers
        request.version = try call.snapshot()
        findings = StoreCheck(image, request).run().findings
        for role in FileRole.allCases {
            let sum = image.entries.filter { $0.role == role }.reduce(UInt64(0)) {
                $0 + $1.byteCount
            }
            if sum > 0 { roles.append((role.rawValue, sum)) }
        }
        let queries = try call.count("queries", default: 40, least: 1)
        try gather(image, manifest, queries)
        try measureWidths(call, image, manifest, queries)
        try gatherPoints(
            call, image, manifest, sample: try call.count("sample", default: 1_500, least: 10))
    }

    private static func facts(
        _ image: StoreImage, _ manifest: Manifest, _ summary: StoreSummary
    ) -> [(String, String)] {
        let schema = manifest.schema
        return [
            ("version", "\(manifest.version.rawValue)"),
            ("published", Units.time(manifest.createdMicroseconds)),
            ("vectors", "\(schema.dimension) x \(schema.elementType), \(schema.metric)"),
            ("rows in segments", Units.grouped(summary.rowCount)),
            ("of them deleted", Units.grouped(summary.deletedCount)),
            ("segments", "\(summary.segmentCount), \(Units.bytes(summary.segmentByteCount))"),
            ("logs", "\(summary.logs.count), \(Units.bytes(summary.logByteCount))"),
            ("last write", "\(summary.lastSequence.rawValue)"),
            ("last close", summary.closing),
            ("store id", manifest.store.text),
        ]
    }

    private mutating func gather(
        _ image: StoreImage, _ manifest: Manifest, _ queries: Int
    ) throws {
        for record in manifest.segments {
            let figures = try SegmentFigures(image, record)
            let probe = try? SegmentProbe(image, record)
            let recall = try? probe?.recall(sample: min(queries, 40), k: 10, width: 64).recall
            segments.append(
                Segment(
                    id: record.id.rawValue, rowCount: record.rowCount,
                    deletedCount: record.tombstones?.deletedCount ?? 0,
                    byteCount: record.byteCount,
                    writes: "\(record.firstSequence.rawValue) to \(record.lastSequence.rawValue)",
                    meanDegree: figures.meanDegree, recall: recall))
            for (degree, count) in (figures.statistics?.degreeHistogram ?? []).enumerated() {
                while degrees.count <= degree { degrees.append(0) }
                degrees[degree] += Int(count)
            }
            if let probe { gatherDistances(probe) }
        }
    }

    /// Distances from sampled rows to their first neighbours.
    private mutating func gatherDistances(_ probe: SegmentProbe) {
        let reader = probe.reader
        let count = min(150, reader.rowCount)
        for index in 0..<count {
            let row = RowOrdinal(UInt32(index * reader.rowCount / count))
            guard let vector = try? probe.vector(row),
                let (hits, _) = try? probe.search(vector, k: 11, effort: SearchEffort(width: 32))
            else { continue }
            for hit in hits where hit.row != row {
                let distance = Double(hit.distance)
                let isSquared = reader.schema.metric == .euclidean
                distances.append(isSquared ? max(0, distance).squareRoot() : distance)
            }
        }
    }

    /// Time and recall by width, on the largest segment.
    private mutating func measureWidths(
        _ call: Invocation, _ image: StoreImage, _ manifest: Manifest, _ queries: Int
    ) throws {
        guard let record = manifest.segments.max(by: { $0.rowCount < $1.rowCount }),
            let probe = try? SegmentProbe(image, record)
        else { return }
        let count = min(queries, record.rowCount)
        var vectors: [[Float]] = []
        var truths: [Float] = []
        for index in 0..<count {
            let row = RowOrdinal(UInt32(index * record.rowCount / count))
            guard let vector = try? probe.vector(row),
                let (exact, _) = try? probe.searchExactly(vector, k: 10)
            else { return }
            vectors.append(vector)
            truths.append(exact.last?.distance ?? 0)
        }
        let clock = Measure(call.runtime)
        for width in [10, 20, 40, 80, 160, 320] {
            var times: [UInt64] = []
            var found = 0
            for (vector, bound) in zip(vectors, truths) {
                var hits: [RowHit] = []
                times.append(
                    try clock.nanoseconds {
                        hits = try probe.search(
                            vector, k: 10, effort: SearchEffort(width: width)
                        ).0
                    })
                found += hits.count { $0.distance <= bound }
            }
            let wanted = count * min(10, record.liveCount)
            widths.append(
                Width(
                    width: width, microseconds: Double(Measure.median(times)) / 1e3,
                    recall: Double(found) / Double(max(1, wanted))))
        }
    }

    /// A sample of rows of all segments, brought down to two dimensions.
    private mutating func gatherPoints(
        _ call: Invocation, _ image: StoreImage, _ manifest: Manifest, sample: Int
    ) throws {
        let total = max(1, manifest.segments.reduce(0) { $0 + $1.liveCount })
        var vectors: [[Float]] = []
        var marks: [(group: String, name: String)] = []
        for record in manifest.segments {
            guard let probe = try? SegmentProbe(image, record) else { continue }
            let count = min(record.rowCount, max(1, sample * record.liveCount / total))
            for index in 0..<count {
                let row = RowOrdinal(UInt32(index * record.rowCount / count))
                guard !probe.deleted.contains(row), let vector = try? probe.vector(row),
                    let id = try? probe.reader.id(of: row)
                else { continue }
                vectors.append(vector)
                let group =
                    call.text("color-by").map { value(of: $0, row, probe, manifest) }
                    ?? "segment \(record.id.rawValue)"
                marks.append((group, Cell.id(id).text(call.output.redaction)))
            }
        }
        if let name = call.text("color-by") { grouping = name }
        var counts: [String: Int] = [:]
        for mark in marks { counts[mark.group, default: 0] += 1 }
        // The largest first; of equal ones, as they came.
        var first: [String: Int] = [:]
        for (index, mark) in marks.enumerated() where first[mark.group] == nil {
            first[mark.group] = index
        }
        let ordered = counts.sorted {
            ($1.value, first[$0.key] ?? 0) < ($0.value, first[$1.key] ?? 0)
        }.map(\.key)
        groups = Array(ordered.prefix(8)) + (ordered.count > 8 ? ["other"] : [])
        let places = Dictionary(
            uniqueKeysWithValues: ordered.prefix(8).enumerated().map { ($1, $0) })
        for (mark, place) in zip(marks, Projection(vectors).places()) {
            points.append(
                Point(
                    x: place.x, y: place.y, group: places[mark.group] ?? 8, name: mark.name))
        }
    }

    private func value(
        of name: String, _ row: RowOrdinal, _ probe: SegmentProbe, _ manifest: Manifest
    ) -> String {
        guard let id = manifest.attribute(named: name),
            let record = try? probe.reader.attributeRecord(of: row), !record.isEmpty,
            // Safety: every pattern of bits is a byte.
            let values = try? AttributeRecord(unsafe record.span.bytes, baseOffset: 0).decoded(),
            let found = values.first(where: { $0.id == id })?.value
        else { return "(none)" }
        if case .string(let text) = found { return text }
        return VectorText.text(found)
    }
}
