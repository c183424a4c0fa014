// Marks on rows of older sources.

import Testing
import VarveFormat
import VarveMemtable

@Suite struct MarkTests {
    static let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)

    /// A memtable after `batchCount` batches of deletes, each of which marks a random row of one of
    /// three sources, and the marks of every moment.
    private static func history(
        _ batchCount: Int, seed: UInt64
    ) throws -> (Memtable, [(view: MemtableView, marks: [UInt64: Set<UInt32>])]) {
        var generator = SeededGenerator(seed)
        let memtable = try makeMemtable(schema)
        var marks: [UInt64: Set<UInt32>] = [:]
        var moments = [(view: memtable.view, marks: marks)]
        for batch in 0..<batchCount {
            for step in 0..<3 {
                let receipt = memtable.delete(.number(UInt64(batch * 3 + step)))
                let source = UInt64.random(in: 10...12, using: &generator)
                let ordinal = UInt32.random(in: 0..<2_000, using: &generator)
                memtable.mark(
                    source: SegmentID(source), ordinal: RowOrdinal(ordinal),
                    operation: receipt.operation)
                marks[source, default: []].insert(ordinal)
            }
            memtable.publish()
            moments.append((memtable.view, marks))
        }
        return (memtable, moments)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `marks are there from their operation on and not before`(seed: UInt64) throws {
        let (memtable, moments) = try Self.history(300, seed: seed)
        for moment in moments {
            for source in 10...13 as ClosedRange<UInt64> {
                let expected = moment.marks[source, default: []].sorted()
                let id = SegmentID(source)
                let marks = moment.view.marks(on: id)
                #expect(marks.map(\.ordinal.rawValue) == expected, "seed \(seed)")
                #expect(moment.view.markCount(id) == expected.count)
                let table = memtable.marks(on: id)
                for ordinal in stride(from: 0, to: 2_000, by: 7) as StrideTo<UInt32> {
                    let isMarked = moment.marks[source]?.contains(ordinal) ?? false
                    let row = RowOrdinal(ordinal)
                    #expect(moment.view.isMarked(id, row) == isMarked, "seed \(seed)")
                    let count = moment.view.operationCount
                    #expect(table?.isMarked(row, operationCount: count) ?? false == isMarked)
                }
            }
        }
        #expect(memtable.markedSources == [SegmentID(10), SegmentID(11), SegmentID(12)])
        #expect(memtable.markCount(SegmentID(13)) == 0)
        #expect(memtable.markCount(SegmentID(10)) == moments[300].marks[10]?.count)
    }

    @Test func `translated marks hold for the new source at every moment and stay on the old`()
        throws
    {
        let (memtable, moments) = try Self.history(200, seed: 7)
        let old = SegmentID(10)
        let new = SegmentID(20)
        // Odd rows were dropped by the merge, even ones moved.
        memtable.translateMarks(from: old, to: new) { row in
            row.rawValue % 2 == 0 ? RowOrdinal(row.rawValue / 2 + 5) : nil
        }
        for moment in moments {
            let expected = moment.marks[10, default: []].sorted().filter { $0 % 2 == 0 }
            let marks = moment.view.marks(on: new).map(\.ordinal.rawValue)
            #expect(marks == expected.map { $0 / 2 + 5 })
            #expect(moment.view.markCount(old) == moment.marks[10, default: []].count)
        }
    }

    @Test func `marks of two sources add up in the result of their merge`() throws {
        let memtable = try makeMemtable(Self.schema)
        let receipt = memtable.delete(1)
        for source in 1...2 as ClosedRange<UInt64> {
            memtable.mark(
                source: SegmentID(source), ordinal: RowOrdinal(3), operation: receipt.operation)
        }
        memtable.publish()
        let merged = SegmentID(9)
        memtable.translateMarks(from: SegmentID(1), to: merged) { $0 }
        memtable.translateMarks(from: SegmentID(2), to: merged) {
            RowOrdinal($0.rawValue + 100)
        }
        #expect(memtable.view.marks(on: merged).map(\.ordinal.rawValue) == [3, 103])
    }

    @Test func `a row that is marked twice keeps the first mark`() throws {
        let memtable = try makeMemtable(Self.schema)
        let source = SegmentID(4)
        let first = memtable.delete(1)
        memtable.mark(source: source, ordinal: RowOrdinal(0), operation: first.operation)
        memtable.publish()
        let early = memtable.view
        let second = memtable.delete(2)
        memtable.mark(source: source, ordinal: RowOrdinal(0), operation: second.operation)
        memtable.publish()
        #expect(early.isMarked(source, RowOrdinal(0)))
        #expect(memtable.view.marks(on: source).map(\.operation) == [first.operation])
        #expect(memtable.markCount(source) == 1)
    }
}
