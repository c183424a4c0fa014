// A segment of format version 1 that every later version must read.

import Testing
import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage

@Suite("Golden segment")
struct GoldenTests {
    static let schema = Schema(dimension: 4, metric: .euclidean, elementType: .uint8)
    static let path = FilePath("\(#filePath)").parent.parent
        .appending("Fixtures/v1/segment/000007.seg")

    /// Six rows: numbers and texts as ids, some with attributes, in a ring with one chord.
    static let rows = SampleRows(
        schema: schema,
        ids: [10, "ten", 20, "twenty", 30, 18_446_744_073_709_551_615],
        vectors: [
            [0, 0, 0, 0], [1, 2, 3, 4], [255, 254, 253, 252], [9, 8, 7, 6], [100, 0, 100, 0],
            [0, 100, 0, 100],
        ],
        records: [
            [], AttributeRecord.encode([(AttributeID(0), .string("red"))]), [],
            AttributeRecord.encode([(AttributeID(0), .string("blue"))]), [], [],
        ])
    static let lists: [[UInt32]] = [[1, 3], [2], [3], [4], [5], [0]]

    /// Writes the rows with today's code.
    static func write() throws -> (SegmentRecord, [UInt8]) {
        let disk = MemoryDisk()
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        let vectors = SampleVectors(rows)
        let record = try builder.build(
            SampleSegment.plan(schema: schema), rows: rows,
            neighbors: NeighborLists(lists, maximumDegree: 2), vectors: vectors.table,
            at: SampleSegment.path)
        return (record, try #require(disk[SampleSegment.path]))
    }

    @Test func `today's code writes the golden bytes`() throws {
        let (_, bytes) = try Self.write()
        let fileSystem = PosixFileSystem()
        // To make the fixture anew, remove it and run this test once.
        if try fileSystem.status(Self.path) == nil {
            try fileSystem.writeFileDurably(Self.path, bytes)
            Issue.record("the fixture was missing and has been written")
        }
        #expect(try fileSystem.readWholeFile(Self.path, limit: 1 << 20) == bytes)
    }

    @Test(arguments: [SegmentAccess.mapped, .paged(PageCache(byteBudget: 1 << 16))])
    func `the golden file can be read`(_ access: SegmentAccess) throws {
        let fileSystem = PosixFileSystem()
        let bytes = try fileSystem.readWholeFile(Self.path, limit: 1 << 20)
        let record = SegmentRecord(
            id: SegmentID(7), file: FileID(0xFEED_F00D), byteCount: UInt64(bytes.count),
            digest: Digest(of: bytes), rowCount: 6, firstSequence: SequenceNumber(3),
            lastSequence: SequenceNumber(90))
        let reader = try SegmentReader(
            fileSystem: fileSystem, path: Self.path, expecting: record, access: access)
        for row in 0..<6 {
            let ordinal = RowOrdinal(UInt32(row))
            #expect(try reader.id(of: ordinal) == Self.rows.ids[row])
            #expect(try reader.find(Self.rows.ids[row]) == ordinal)
            #expect(try reader.neighbors(of: ordinal).map(\.rawValue) == Self.lists[row])
            #expect(try reader.attributeRecord(of: ordinal) == Self.rows.records[row])
        }
        _ = try SegmentVerification(verifying: Self.path, of: fileSystem, against: record)
    }
}
