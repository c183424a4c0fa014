// Years of writes in seconds: what the rules of merging cost in writing, space and reading.

import VarveCompaction
import VarveFormat

/// `picker`: write, space and read amplification of the picker's rules, without a store.
let pickerCommand = Command(
    name: "picker",
    summary:
        "plays years of flushes and deletes against the rules of merging: write, space and read "
        + "amplification",
    options: [
        Option(name: "years", placeholder: "N", help: "(1)"),
        Option(name: "rows-per-day", placeholder: "N", help: "rows written a day (1000000)"),
        Option(name: "flush-rows", placeholder: "N", help: "rows of a flush (50000)"),
        Option(name: "deletes", placeholder: "PERCENT", help: "deletes for each write (50)"),
        Option(name: "days-kept", placeholder: "N", help: "rows expire after so many days (never)"),
        Option(name: "tier", placeholder: "N", help: "segments of a tier (4)"),
        Option(name: "limit", placeholder: "N", help: "segments of a store (8)"),
        Option(name: "dead", placeholder: "PERCENT", help: "dead rows of a segment (20)"),
        Option(name: "row-bytes", placeholder: "N", help: "bytes of a row in a segment (1800)"),
    ],
    run: measurePicker)

private func measurePicker(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    var picker = CompactionPicker()
    picker.tierCount = try arguments.number("tier", default: picker.tierCount, minimum: 2)
    picker.segmentLimit = try arguments.number("limit", default: picker.segmentLimit, minimum: 2)
    picker.deadShareLimit = Double(try arguments.number("dead", default: 20)) / 100
    let years = try arguments.number("years", default: 1)
    let perDay = try arguments.number("rows-per-day", default: 1_000_000)
    let perFlush = try arguments.number("flush-rows", default: 50_000)
    var play = PickerPlay(
        picker: picker, rowByteCount: UInt64(try arguments.number("row-bytes", default: 1_800)),
        deleteShare: Double(try arguments.number("deletes", default: 50, minimum: 0)) / 100,
        daysKept: try arguments.optionalNumber("days-kept"))
    let start = monotonicNanoseconds()
    for day in 0..<365 * years {
        var left = perDay
        while left > 0 {
            play.flush(min(left, perFlush), day: day)
            left -= perFlush
        }
    }
    return [
        ("years", .integer(years)), ("rows_written", .integer(play.writtenRowCount)),
        ("live_rows", .integer(play.liveRowCount)), ("flushes", .integer(play.flushCount)),
        ("merges", .integer(play.mergeCount)),
        ("write_amplification", .decimal(play.writeAmplification, digits: 2)),
        ("space_amplification", .decimal(play.meanSpaceAmplification, digits: 3)),
        ("worst_space_amplification", .decimal(play.worstSpaceAmplification, digits: 3)),
        ("read_amplification", .decimal(play.meanSegmentCount, digits: 2)),
        ("most_segments", .integer(play.mostSegments)),
        ("largest_merge_rows", .integer(play.largestMergeRowCount)),
        ("played_s", .decimal(seconds(since: start), digits: 3)),
    ]
}

/// A store in numbers: segments with live and dead rows.
private struct PickerPlay {
    let picker: CompactionPicker
    let rowByteCount: UInt64
    let deleteShare: Double
    let daysKept: Int?
    private var segments: [Segment] = []
    private var nextNumber: UInt64 = 1
    private(set) var writtenRowCount = 0
    private(set) var flushCount = 0
    private(set) var mergeCount = 0
    private(set) var mergedRowCount = 0
    private(set) var largestMergeRowCount = 0
    private(set) var mostSegments = 0
    private(set) var worstSpaceAmplification = 1.0
    private var segmentSum = 0
    private var spaceSum = 0.0
    private var random: UInt64 = 1

    private struct Segment {
        var id: SegmentID
        var rowCount: Int
        /// Live rows by the day they were written.
        var days: [Int: Int]
        var liveRowCount: Int { days.values.reduce(0, +) }
    }

    init(picker: CompactionPicker, rowByteCount: UInt64, deleteShare: Double, daysKept: Int?) {
        self.picker = picker
        self.rowByteCount = rowByteCount
        self.deleteShare = deleteShare
        self.daysKept = daysKept
    }

    var liveRowCount: Int { segments.reduce(0) { $0 + $1.liveRowCount } }
    var writeAmplification: Double {
        Double(writtenRowCount + mergedRowCount) / Double(max(1, writtenRowCount))
    }
    var meanSegmentCount: Double { Double(segmentSum) / Double(max(1, flushCount)) }
    var meanSpaceAmplification: Double { spaceSum / Double(max(1, flushCount)) }

    mutating func flush(_ rowCount: Int, day: Int) {
        delete(Int(Double(rowCount) * deleteShare))
        if let daysKept { expire(before: day - daysKept) }
        segments.append(Segment(id: takeNumber(), rowCount: rowCount, days: [day: rowCount]))
        writtenRowCount += rowCount
        flushCount += 1
        while let plan = picker.pick(facts, freeByteCount: .max) { merge(plan) }
        segmentSum += segments.count
        mostSegments = max(mostSegments, segments.count)
        let space =
            Double(segments.reduce(0) { $0 + $1.rowCount }) / Double(max(1, liveRowCount))
        spaceSum += space
        worstSpaceAmplification = max(worstSpaceAmplification, space)
    }

    private var facts: [SegmentFacts] {
        segments.map {
            SegmentFacts(
                id: $0.id, rowCount: $0.rowCount, deletedRowCount: $0.rowCount - $0.liveRowCount,
                byteCount: UInt64($0.rowCount) * rowByteCount)
        }
    }

    private mutating func takeNumber() -> SegmentID {
        defer { nextNumber += 1 }
        return SegmentID(nextNumber)
    }

    /// Deletes rows of all segments alike.
    private mutating func delete(_ count: Int) {
        let live = liveRowCount
        guard live > 0 else { return }
        let share = min(0.9, Double(count) / Double(live))
        for index in segments.indices {
            for (day, rows) in segments[index].days {
                segments[index].days[day] = rows - Int((Double(rows) * share).rounded())
            }
        }
    }

    private mutating func expire(before day: Int) {
        for index in segments.indices {
            segments[index].days = segments[index].days.filter { $0.key >= day }
        }
    }

    private mutating func merge(_ plan: CompactionPlan) {
        let ids = Set(plan.inputs)
        var output = Segment(id: takeNumber(), rowCount: 0, days: [:])
        for segment in segments where ids.contains(segment.id) {
            output.days.merge(segment.days) { $0 + $1 }
        }
        output.rowCount = output.liveRowCount
        segments.removeAll { ids.contains($0.id) }
        if output.rowCount > 0 { segments.append(output) }
        mergeCount += 1
        mergedRowCount += output.rowCount
        largestMergeRowCount = max(largestMergeRowCount, output.rowCount)
    }
}
