// Writing that fails, and writing with any number of threads.

import Synchronization
import Testing
import VarveFormat
import VarveSegment
import VarveStorage

@Suite("Writing segments")
struct WritingTests {
    static let schema = Schema(dimension: 96, metric: .euclidean, elementType: .float32)

    @Test(arguments: [false, true])
    func `whatever call fails, no file is left`(_ staysBroken: Bool) throws {
        let whole = try SampleSegment(schema: Self.schema, rowCount: 4_000, seed: 31)
        let changes = whole.disk.state.withLock { $0.changeCount }
        #expect(changes > 8)
        for failing in 1...changes {
            let disk = MemoryDisk()
            disk.state.withLock {
                $0.failingChange = failing
                $0.staysBroken = staysBroken
            }
            #expect(throws: SegmentError.self, "change \(failing) of \(changes)") {
                try SampleSegment(schema: Self.schema, rowCount: 4_000, seed: 31, disk: disk)
            }
            #expect(disk.names == [], "change \(failing) of \(changes)")
        }
    }

    @Test func `a taken name is left alone`() throws {
        let disk = MemoryDisk()
        disk[SampleSegment.path] = [1, 2, 3]
        #expect(throws: SegmentError.self) {
            try SampleSegment(schema: Self.schema, rowCount: 5, seed: 32, disk: disk)
        }
        #expect(disk[SampleSegment.path] == [1, 2, 3])
    }

    @Test(arguments: [1, 256, 700])
    func `the bytes do not depend on the threads`(_ rowCount: Int) throws {
        let one = try SampleSegment(
            schema: Self.schema, rowCount: rowCount, seed: 33, threadCount: 1)
        let two = try SampleSegment(
            schema: Self.schema, rowCount: rowCount, seed: 33, threadCount: 2)
        #expect(one.disk[SampleSegment.path] == two.disk[SampleSegment.path])
        #expect(one.record == two.record)
        #expect(one.record.digest == Digest(of: try #require(one.disk[SampleSegment.path])))
    }

    @Test func `rows that repeat an id are refused`() throws {
        let good = SampleRows(schema: Self.schema, rowCount: 3, seed: 34)
        let rows = SampleRows(
            schema: Self.schema, ids: [good.ids[0], good.ids[1], good.ids[0]],
            vectors: good.vectors, records: good.records)
        let disk = MemoryDisk()
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        #expect(throws: SegmentError.invalidRows("rows 0 and 2 have the same id")) {
            try builder.build(
                SampleSegment.plan(schema: Self.schema), rows: rows,
                neighbors: SampleSegment.ring(rowCount: 3, degree: 2, seed: 1),
                at: SampleSegment.path)
        }
        #expect(disk.names == [])
    }

    @Test func `rows that cannot be reached are found`() throws {
        let rows = SampleRows(schema: Self.schema, rowCount: 4, seed: 35)
        let disk = MemoryDisk()
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        let record = try builder.build(
            SampleSegment.plan(schema: Self.schema), rows: rows,
            neighbors: NeighborLists([[1], [0], [3], [2]], maximumDegree: 1),
            at: SampleSegment.path)
        #expect(throws: SegmentError.self) {
            try SegmentVerification(verifying: SampleSegment.path, of: disk, against: record)
        }
    }
}
