// Room: what is promised is there, what is counted is used, tables grow.

import Testing
import VarveFormat
import VarveMemtable

@Suite struct CapacityTests {
    static let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float16)

    /// Bytes of the record of a row with a number for an id.
    private static func recordByteCount(_ attributeByteCount: Int) -> Int {
        Memtable.recordByteCount(id: 0, attributeByteCount: attributeByteCount)
    }

    @Test(arguments: [0, 24, 4_000])
    func `a memtable filled while it says yes stays within its limit and nearly reaches it`(
        attributeByteCount: Int
    ) throws {
        let limit = 1 << 20
        let memtable = try makeMemtable(Self.schema, byteLimit: limit)
        let attributes = [UInt8](repeating: 7, count: attributeByteCount)
        let vector = [Float](repeating: 0.25, count: 16)
        let recordBytes = Self.recordByteCount(attributeByteCount)
        var count: UInt64 = 0
        while memtable.canHold(rowCount: 1, byteCount: recordBytes) {
            memtable.put(.number(count), vector, attributes)
            memtable.publish()
            count += 1
            #expect(memtable.byteCount <= limit)
        }
        // What is left is less than a row and one growth of the id table.
        #expect(memtable.byteCount > limit / 2)
        #expect(memtable.view.liveRowCount == Int(count))
        for id in stride(from: 0, to: count, by: 37) as StrideTo<UInt64> {
            #expect(memtable.view.lookup(.number(id)) == .row(RowOrdinal(UInt32(id))))
        }
    }

    @Test func `deletes alone fill a memtable too`() throws {
        let memtable = try makeMemtable(Self.schema, byteLimit: 1 << 16)
        let recordBytes = Self.recordByteCount(0)
        var count: UInt64 = 0
        while memtable.canHold(rowCount: 0, deleteCount: 1, byteCount: recordBytes) {
            memtable.delete(.number(count))
            count += 1
        }
        memtable.publish()
        #expect(count > 300)
        #expect(memtable.byteCount <= 1 << 16)
        #expect(memtable.view.lookup(.number(count - 1)) == .deleted)
    }

    @Test func `the smallest memtable still takes addresses for one row and promises none`() throws
    {
        let memtable = try makeMemtable(Self.schema, byteLimit: 1)
        #expect(memtable.capacity.rowCount == 1)
        #expect(!memtable.canHold(rowCount: 1, byteCount: Self.recordByteCount(0)))
    }

    @Test func `the tables of ids grow without losing any`() throws {
        let memtable = try makeMemtable(Self.schema)
        let vector = [Float](repeating: 0.5, count: 16)
        var views: [MemtableView] = []
        for id in 0..<20_000 as Range<UInt64> {
            memtable.put(id % 3 == 0 ? .text("row \(id)") : .number(id), vector)
            if id % 1_000 == 999 {
                memtable.publish()
                views.append(memtable.view)
            }
        }
        for (index, view) in views.enumerated() {
            #expect(view.liveRowCount == (index + 1) * 1_000)
            for id in stride(from: 1, to: 20_000, by: 101) as StrideTo<UInt64> {
                let name: RecordID = id % 3 == 0 ? .text("row \(id)") : .number(id)
                let isThere = id < (index + 1) * 1_000
                let expected = isThere ? MemtableLookup.row(RowOrdinal(UInt32(id))) : .absent
                #expect(view.lookup(name) == expected)
            }
        }
    }
}
