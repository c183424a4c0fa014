// Searches by pages on a disk that fails and lies: an error or the right answer, never another.

import Testing
import VarveFormat
import VarveSegment
import VarveStorage
import VarveStorageSimulation

@Suite("Searches by pages on a failing disk")
struct PageFaultTests {
    static let schema = Schema(dimension: 24, metric: .euclidean, elementType: .float32)

    /// A segment on a simulated disk.
    struct Bench {
        let disk = SimulatedFileSystem(seed: 11)
        let sample: SampleSegment
        let vector = SampleVector(schema: schema, seed: 5_000)

        init() throws {
            sample = try SampleSegment(
                indexed: schema, rowCount: 600, seed: 97, includesWalk: false,
                listStarts: [0, 90, 300, 600])
            let bytes = try #require(sample.disk[SampleSegment.path])
            try disk.createDirectory(FilePath("segments"))
            let file = try disk.open(SampleSegment.path, .create)
            var done = 0
            while done < bytes.count {
                done += try unsafe bytes[done...].withUnsafeBytes {
                    try unsafe file.write($0, at: UInt64(done))
                }
            }
            try file.sync(.data)
        }

        func open(_ access: SegmentAccess) throws(SegmentError) -> SegmentReader {
            try SegmentReader(
                fileSystem: disk, path: SampleSegment.path, expecting: sample.record,
                access: access)
        }

        func search(_ reader: SegmentReader) throws(SegmentError) -> [RowHit] {
            let query = SegmentQuery(schema: reader.schema)
            vector.prepare(query)
            var statistics = SegmentSearchStatistics()
            return try reader.searchGraph(
                query, k: 10, effort: SearchEffort(width: 40), statistics: &statistics
            ) { _ in true }
        }

        /// Reads that `body` makes.
        func readCount(_ body: () throws -> Void) throws -> Int {
            let before = disk.faults.firedCount
            // Everything is durable: a stale read is a right one.
            disk.faults.add(FaultRule(.stale, on: [.read], repeats: true))
            defer { disk.faults.heal() }
            try body()
            return disk.faults.firedCount - before
        }

        /// How many places of `places` an effect was seen at as an error; everywhere else the
        /// answer is `expected`.
        func errors(
            _ effect: FaultEffect, at places: ClosedRange<Int>, expected: [RowHit],
            _ body: () throws(SegmentError) -> [RowHit],
            expecting isExpected: (SegmentError) -> Bool
        ) -> Int {
            var count = 0
            for place in places {
                disk.faults.add(FaultRule(effect, on: [.read], trigger: .nth(place)))
                do throws(SegmentError) {
                    let hits = try body()
                    #expect(hits == expected, "\(effect) of read \(place)")
                } catch {
                    #expect(isExpected(error), "\(effect) of read \(place): \(error)")
                    count += 1
                }
                disk.faults.heal()
            }
            return count
        }
    }

    @Test(arguments: [false, true])
    func `any read of opening and searching may fail, end early or be of another place`(
        _ isDirect: Bool
    ) throws {
        let bench = try Bench()
        let access: () -> SegmentAccess = {
            let cache = PageCache(byteBudget: 0)
            return isDirect ? .direct(cache) : .paged(cache)
        }
        let body = { () throws(SegmentError) in try bench.search(bench.open(access())) }
        let expected = try body()
        #expect(expected.count == 10)
        let readCount = try bench.readCount { _ = try body() }
        #expect(readCount > 20)
        let places = 1...readCount
        let failed = bench.errors(.fail(.inputOutput), at: places, expected: expected, body) {
            guard case .storage(let error) = $0 else { return false }
            return error.kind == .inputOutput
        }
        #expect(failed == readCount)
        let isDamage = { (error: SegmentError) in
            if case .damaged = error { true } else { false }
        }
        let ended = bench.errors(
            .nothing, at: places, expected: expected, body, expecting: isDamage)
        #expect(ended == readCount)
        let elsewhere = bench.errors(
            .misread(by: 4_096), at: places, expected: expected, body, expecting: isDamage)
        #expect(elsewhere > readCount / 2)
        let short = bench.errors(.short, at: places, expected: expected, body) { _ in false }
        #expect(short == 0)
    }

    @Test func `a page that could not be read is read again by the next search`() throws {
        let bench = try Bench()
        let reader = try bench.open(.direct(PageCache(byteBudget: 1 << 20)))
        let expected = try bench.search(reader)
        let readCount = try bench.readCount { _ = try bench.search(reader) }
        #expect(readCount > 1)
        let body = { () throws(SegmentError) in try bench.search(reader) }
        for failure in [DiskFailure.inputOutput, .accessDenied, .stale] {
            let failed = bench.errors(
                .fail(failure), at: 1...readCount, expected: expected, body
            ) {
                if case .storage = $0 { true } else { false }
            }
            #expect(failed == readCount)
            #expect(try body() == expected)
        }
    }

    @Test func `every damaged node page is told by name, and no answer comes from it`() throws {
        let bench = try Bench()
        let whole = try bench.open(.direct(PageCache(byteBudget: 0)))
        let expected = try bench.search(whole)
        let nodes = try #require(whole.sectionEntries.first { $0.name == "nodes" })
        var told = 0
        let pageByteCount = whole.nodeLayout.pageByteCount
        for offset in stride(from: 0, to: Int(nodes.byteCount), by: pageByteCount) {
            let place = Int(nodes.offset) + offset + offset % 1_999
            bench.disk.damage(SampleSegment.path, .flipBit(offset: place, bit: 3))
            defer { bench.disk.damage(SampleSegment.path, .flipBit(offset: place, bit: 3)) }
            let reader = try bench.open(.direct(PageCache(byteBudget: 1 << 20)))
            do throws(SegmentError) {
                #expect(try bench.search(reader) == expected)
            } catch {
                guard case .damaged(let format) = error else { throw error }
                #expect(format.section == "nodes" && format.kind == .checksumMismatch)
                #expect(Int(format.offset) / pageByteCount == place / pageByteCount)
                #expect(throws: SegmentError.self) { try bench.search(reader) }
                told += 1
            }
        }
        #expect(told > 1)
    }
}
