// What is merged next, for versions of many shapes.

import Testing
import VarveCompaction
import VarveFormat

@Suite struct PickerTests {
    /// A version as the rows of its segments, and what is to be merged of it.
    struct Case: CustomTestStringConvertible {
        var name: String
        /// Rows and dead rows of each segment; numbers are counted from 1.
        var segments: [(rowCount: Int, deadCount: Int)]
        var inputs: [UInt64]
        var reason: CompactionPlan.Reason?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing", segments: [], inputs: [], reason: nil),
        Case(name: "one", segments: [(100, 0)], inputs: [], reason: nil),
        Case(
            name: "three of a size", segments: [(100, 0), (100, 0), (100, 0)], inputs: [],
            reason: nil),
        Case(
            name: "four of a size", segments: [(100, 0), (120, 0), (80, 0), (100, 0)],
            inputs: [1, 2, 3, 4], reason: .tier),
        Case(
            name: "four small beside a large one",
            segments: [(10_000, 0), (100, 0), (100, 0), (100, 0), (100, 0)],
            inputs: [2, 3, 4, 5], reason: .tier),
        Case(
            name: "four large ones above a small one",
            segments: [(9_000, 0), (9_000, 0), (9_000, 0), (9_000, 0), (10, 0)],
            inputs: [1, 2, 3, 4], reason: .tier),
        Case(
            name: "too many of many sizes",
            segments: [
                (1, 0), (10, 0), (100, 0), (1_000, 0), (10_000, 0), (100_000, 0), (1_000_000, 0),
                (10_000_000, 0), (100_000_000, 0),
            ], inputs: [1, 2], reason: .count),
        Case(
            name: "a fifth deleted", segments: [(1_000, 200), (900, 0)], inputs: [1],
            reason: .tombstones),
        Case(
            name: "less than a fifth deleted", segments: [(1_000, 199)], inputs: [], reason: nil),
        Case(
            name: "small ones are taken in by a rewrite", segments: [(1_000, 300), (100, 0)],
            inputs: [1, 2], reason: .tombstones),
        Case(
            name: "dead ones go first", segments: [(1_000, 300), (50, 50), (70, 70)],
            inputs: [2, 3], reason: .dead),
    ]

    static func facts(_ segments: [(rowCount: Int, deadCount: Int)]) -> [SegmentFacts] {
        segments.enumerated().map { index, segment in
            SegmentFacts(
                id: SegmentID(UInt64(index + 1)), rowCount: segment.rowCount,
                deletedRowCount: segment.deadCount, byteCount: UInt64(segment.rowCount) * 1_000)
        }
    }

    @Test(arguments: cases)
    func `what is due is picked`(_ example: Case) {
        let plan = CompactionPicker().pick(Self.facts(example.segments), freeByteCount: .max)
        #expect(plan?.inputs.map(\.rawValue) ?? [] == example.inputs)
        #expect(plan?.reason == example.reason)
    }

    @Test func `expired rows count like deleted ones`() {
        var facts = Self.facts([(1_000, 100), (5_000, 0)])
        #expect(CompactionPicker().pick(facts, freeByteCount: .max) == nil)
        facts[0].expiredRowCount = 150
        let plan = CompactionPicker().pick(facts, freeByteCount: .max)
        #expect(plan?.inputs == [SegmentID(1)])
        #expect(plan?.outputByteCount == 750_000)
    }

    @Test func `tombstones over their budget have the worst segment rewritten`() {
        var facts = Self.facts([(100_000, 1_000), (200_000, 2_000)])
        facts[1].tombstoneByteCount = 4_000
        facts[0].tombstoneByteCount = 2_000
        var picker = CompactionPicker()
        picker.tombstoneByteLimit = 6_000
        #expect(picker.pick(facts, freeByteCount: .max) == nil)
        picker.tombstoneByteLimit = 5_999
        #expect(picker.pick(facts, freeByteCount: .max)?.inputs == [SegmentID(2)])
    }

    /// Where there is no room for what is wanted, something smaller is done, or nothing.
    @Test(
        arguments: zip(
            [.max, 800_000, 799_999, 699_999] as [UInt64],
            [[1, 2], [1, 2], [1], []] as [[UInt64]]))
    func `a merge is as large as there is room for`(room: UInt64, inputs: [UInt64]) {
        let facts = Self.facts([(1_000, 300), (100, 0)])
        let plan = CompactionPicker().pick(facts, freeByteCount: room)
        #expect(plan?.inputs.map(\.rawValue) ?? [] == inputs)
        var picker = CompactionPicker()
        picker.spaceLimitByteCount = room
        let limited = picker.pick(facts, freeByteCount: .max)
        #expect(limited?.inputs.map(\.rawValue) ?? [] == inputs)
    }

    @Test func `everything becomes one segment, or as much of it as there is room for`() {
        let picker = CompactionPicker()
        let facts = Self.facts([(1_000, 0), (10, 0), (100, 0)])
        let all = picker.everything(facts, freeByteCount: .max)
        #expect(all?.inputs.map(\.rawValue) == [1, 2, 3])
        let some = picker.everything(facts, freeByteCount: 200_000)
        #expect(some?.inputs.map(\.rawValue) == [2, 3])
        #expect(picker.everything(facts, freeByteCount: 10_000) == nil)
        #expect(picker.everything(Self.facts([(10, 0)]), freeByteCount: .max) == nil)
        #expect(picker.everything(Self.facts([(10, 1)]), freeByteCount: .max) != nil)
    }

    /// Flushes of one size for ever: there are never many segments, and rows are not rewritten
    /// often.
    @Test(arguments: [2, 4, 8])
    func `a long history keeps few segments and rewrites rows seldom`(tierCount: Int) {
        var picker = CompactionPicker()
        picker.tierCount = tierCount
        var segments: [SegmentFacts] = []
        var next: UInt64 = 1
        var (written, rewritten) = (0, 0)
        for _ in 0..<2_000 {
            segments.append(
                SegmentFacts(id: SegmentID(next), rowCount: 1_000, byteCount: 1_000_000))
            next += 1
            written += 1_000
            var rounds = 0
            while let plan = picker.pick(segments, freeByteCount: .max) {
                let inputs = segments.filter { plan.inputs.contains($0.id) }
                #expect(inputs.count > 1)
                let rows = inputs.reduce(0) { $0 + $1.liveRowCount }
                segments.removeAll { plan.inputs.contains($0.id) }
                segments.append(
                    SegmentFacts(
                        id: SegmentID(next), rowCount: rows, byteCount: UInt64(rows) * 1_000))
                next += 1
                rewritten += rows
                rounds += 1
                #expect(rounds < 20)
            }
            #expect(segments.count <= picker.segmentLimit)
        }
        #expect(Double(written + rewritten) / Double(written) < 14)
    }
}
