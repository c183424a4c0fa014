// Damaged segments: found by a full reading, never answered from.

import Testing
import VarveFormat
import VarveKernels
import VarveQuantization
import VarveSegment
import VarveStorage

@Suite("Damaged segments")
struct DamageTests {
    static let schema = Schema(dimension: 4, metric: .euclidean, elementType: .uint8)
    static let partCount = 8

    @Test(arguments: 0..<partCount)
    func `every flipped byte is found, and no answer comes from it`(_ part: Int) throws {
        let sample = try SampleSegment(
            schema: Self.schema, rowCount: 9, identifiers: .mixed, seed: 21)
        let whole = try #require(sample.disk[SampleSegment.path])
        _ = try SegmentVerification(
            verifying: SampleSegment.path, of: sample.disk, against: sample.record)
        for offset in stride(from: part, to: whole.count, by: Self.partCount) {
            var bytes = whole
            bytes[offset] ^= 1 << UInt8(offset % 8)
            sample.disk[SampleSegment.path] = bytes
            // A record whose digest is that of the damaged bytes: only the checksums can tell.
            var record = sample.record
            record.digest = Digest(of: bytes)
            #expect(throws: SegmentError.self, "byte \(offset)") {
                try SegmentVerification(
                    verifying: SampleSegment.path, of: sample.disk, against: record)
            }
            try Self.answerRightlyOrThrow(sample, offset)
        }
    }

    @Test func `parts side by side find what parts one after the other find`() throws {
        let sample = try SampleSegment(
            schema: Self.schema, rowCount: 40, identifiers: .mixed, seed: 26)
        let whole = try #require(sample.disk[SampleSegment.path])
        func verify(_ record: SegmentRecord, threadCount: Int) -> Result<
            SegmentVerification, SegmentError
        > {
            Result { () throws(SegmentError) in
                try SegmentVerification(
                    verifying: SampleSegment.path, of: sample.disk, against: record,
                    runtime: TestRuntime(), threadCount: threadCount)
            }
        }
        let figures = try verify(sample.record, threadCount: 3).get()
        #expect(figures == (try verify(sample.record, threadCount: 1).get()))
        #expect(figures.blockCount > 0 && figures.edgeCount > 0 && figures.sweepCount > 0)
        var refusedCount = 0
        for offset in stride(from: 0, to: whole.count, by: 97) {
            var bytes = whole
            bytes[offset] ^= 0x10
            sample.disk[SampleSegment.path] = bytes
            // Once the digest finds the damage, once only what comes behind it can.
            for digest in [sample.record.digest, Digest(of: bytes)] {
                var record = sample.record
                record.digest = digest
                let (alone, together) = (
                    verify(record, threadCount: 1), verify(record, threadCount: 3)
                )
                guard case .failure(let first) = alone, case .failure(let found) = together
                else {
                    Issue.record("byte \(offset) was not found")
                    continue
                }
                #expect("\(first)" == "\(found)", "byte \(offset)")
                refusedCount += 1
            }
        }
        #expect(refusedCount == 2 * ((whole.count + 96) / 97))
    }

    @Test func `a digest of other bytes is found`() throws {
        let sample = try SampleSegment(schema: Self.schema, rowCount: 5, seed: 22)
        var record = sample.record
        record.digest.high ^= 1
        #expect(throws: SegmentError.self) {
            try SegmentVerification(
                verifying: SampleSegment.path, of: sample.disk, against: record)
        }
    }

    @Test func `checksums of many blocks find flipped bytes`() throws {
        let schema = Schema(dimension: 2_000, metric: .euclidean, elementType: .uint8)
        let sample = try SampleSegment(schema: schema, rowCount: 2_200, seed: 23)
        let whole = try #require(sample.disk[SampleSegment.path])
        let reader = try sample.open()
        #expect(reader.sectionEntries.contains { $0.tablePageCount > 1 })
        var numbers = Numbers(seed: 23)
        for _ in 0..<20 {
            var bytes = whole
            let offset = numbers.below(whole.count)
            bytes[offset] ^= UInt8(1 + numbers.below(255))
            sample.disk[SampleSegment.path] = bytes
            var record = sample.record
            record.digest = Digest(of: bytes)
            #expect(throws: SegmentError.self, "byte \(offset)") {
                try SegmentVerification(
                    verifying: SampleSegment.path, of: sample.disk, against: record)
            }
        }
    }

    @Test(arguments: [1, 63, 64, 4_095, 4_096, 20_000])
    func `a file cut short is refused`(_ missing: Int) throws {
        let sample = try SampleSegment(schema: Self.schema, rowCount: 300, seed: 24)
        let whole = try #require(sample.disk[SampleSegment.path])
        sample.disk[SampleSegment.path] = Array(whole.dropLast(missing))
        #expect(throws: SegmentError.self) { try sample.open() }
        var record = sample.record
        record.byteCount -= UInt64(missing)
        #expect(throws: SegmentError.self) {
            try SegmentReader(
                fileSystem: sample.disk, path: SampleSegment.path, expecting: record,
                access: .mapped)
        }
    }

    @Test func `another file in its place is refused`() throws {
        let sample = try SampleSegment(schema: Self.schema, rowCount: 3, seed: 25)
        var other = sample.record
        other.file = FileID(1)
        var kind: FormatError.Kind?
        do {
            _ = try SegmentReader(
                fileSystem: sample.disk, path: SampleSegment.path, expecting: other,
                access: .mapped)
        } catch .damaged(let error) { kind = error.kind } catch {}
        #expect(kind == .misplaced)
    }

    @Test(arguments: [SegmentAccess.mapped, .mappedInPlace, .paged(PageCache(byteBudget: 1 << 20))])
    func `damage stays damage and names its place`(_ access: SegmentAccess) throws {
        let sample = try SampleSegment(schema: Self.schema, rowCount: 2_000, seed: 26)
        var bytes = try #require(sample.disk[SampleSegment.path])
        // The nodes are the last section: its last page ends where the checksum tables begin.
        let reader = try sample.open()
        let nodes = try #require(reader.sectionEntries.first { $0.name == "nodes" })
        let offset = nodes.offset + UInt64(reader.nodeLayout.offset(of: RowOrdinal(1_999)))
        bytes[Int(offset)] ^= 0x10
        sample.disk[SampleSegment.path] = bytes
        let damaged = try sample.open(access)
        for _ in 0..<3 {
            do {
                _ = try damaged.neighbors(of: RowOrdinal(1_999))
                Issue.record("no error")
            } catch .damaged(let error) {
                #expect(error.kind == .checksumMismatch)
                #expect(error.file == "segments/000007.seg")
                #expect(error.section == "nodes")
                #expect((offset - 4_096...offset).contains(error.offset))
            } catch { Issue.record("\(error)") }
        }
        #expect(try damaged.neighbors(of: RowOrdinal(0)) == reader.neighbors(of: RowOrdinal(0)))
    }

    @Test(arguments: [false, true])
    func `a section of a later version is skipped, unless it is required`(
        _ isRequired: Bool
    ) throws {
        let sample = try SampleSegment(schema: Self.schema, rowCount: 50, seed: 27)
        var bytes = try #require(sample.disk[SampleSegment.path])
        var directory = SegmentDirectory(entries: try sample.open().sectionEntries)
        let place = try #require(directory.index(of: "statistics"))
        directory.entries[place].name = "something.new"
        directory.entries[place].isRequired = isRequired
        let encoded = directory.encoded()
        let offset = bytes.count - 64 - encoded.count
        bytes.replaceSubrange(offset..<offset + encoded.count, with: encoded)
        let tail = Array(bytes.suffix(64))
        var footer = unsafe try SegmentFooter(
            decoding: tail.span.bytes, file: sample.record.file,
            fileByteCount: UInt64(bytes.count))
        footer.directoryChecksum = checksum64(
            encoded, seed: SegmentBlocks.directorySeed(file: sample.record.file))
        bytes.replaceSubrange(bytes.count - 64..<bytes.count, with: footer.encoded())
        sample.disk[SampleSegment.path] = bytes
        do throws(SegmentError) {
            let reader = try sample.open()
            #expect(!isRequired)
            #expect(try reader.statistics() == nil)
            #expect(try reader.find(sample.rows.ids[7]) == RowOrdinal(7))
        } catch {
            guard case .damaged(let format) = error else { throw error }
            #expect(isRequired && format.kind == .tooNew)
        }
    }

    /// Reads everything a reader offers: each answer is right, or an error.
    static func answerRightlyOrThrow(_ sample: SampleSegment, _ offset: Int) throws {
        guard let reader = try? sample.open() else { return }
        for row in 0..<sample.rows.rowCount {
            let ordinal = RowOrdinal(UInt32(row))
            if let id = try? reader.id(of: ordinal) {
                #expect(id == sample.rows.ids[row], "byte \(offset)")
            }
            do throws(SegmentError) {
                let found = try reader.find(sample.rows.ids[row])
                #expect(found == ordinal, "byte \(offset)")
            } catch {}
            let vector = try? unsafe reader.withVector(ordinal) { (bytes) throws(SegmentError) in
                unsafe [UInt8](bytes)
            }
            if let vector { #expect(vector == sample.rows.vectors[row], "byte \(offset)") }
        }
    }
}

@Suite("Damaged walks")
struct DamagedWalkTests {
    @Test func `a walk that comes to a damaged block is an error, and stays one`() throws {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)
        let sample = try SampleSegment(indexed: schema, rowCount: 2_000, seed: 71)
        let whole = try #require(sample.disk[SampleSegment.path])
        let reader = try sample.open()
        let walk = try #require(reader.sectionEntries.first { $0.name == "walk" })
        let query = SegmentQuery(schema: schema)
        let blocks = try Self.blockOffsets(of: reader, in: whole)
        var failures = 0
        for seed in 0..<20 {
            SampleVector(schema: schema, seed: UInt64(seed)).prepare(query)
            var statistics = SegmentSearchStatistics()
            let effort = SearchEffort(width: 20)
            let right = try reader.searchGraph(
                query, k: 5, effort: effort, statistics: &statistics
            ) { _ in true }
            // The block of the nearest row, then that of some row.
            for row in [right[0].row.index, seed * 97] {
                var bytes = whole
                bytes[Int(walk.offset) + blocks[row] + 40 + seed] ^= 0xFF
                sample.disk[SampleSegment.path] = bytes
                let damaged = try sample.open()
                for _ in 0..<2 {
                    do throws(SegmentError) {
                        let hits = try damaged.searchGraph(
                            query, k: 5, effort: effort, statistics: &statistics
                        ) { _ in true }
                        #expect(hits == right)
                    } catch {
                        failures += 1
                        guard case .damaged(let format) = error else {
                            Issue.record("\(error)")
                            continue
                        }
                        #expect(format.section == "walk")
                        #expect(format.kind == .checksumMismatch)
                    }
                }
            }
        }
        #expect(failures >= 40)
    }

    /// Where the block of each row begins in the section.
    private static func blockOffsets(of reader: SegmentReader, in file: [UInt8]) throws -> [Int] {
        let header = try #require(reader.sectionEntries.first { $0.name == "walk.header" })
        let walk = try #require(reader.sectionEntries.first { $0.name == "walk" })
        let bytes = Array(file[Int(header.offset)..<Int(header.offset + header.byteCount)])
        var decoder = unsafe ByteReader(bytes.span.bytes, section: "walk.header")
        let layout = try NeighbourCodebook(from: &decoder).layout
        var ends: [UInt32] = []
        for _ in 1..<layout.groupCount { ends.append(try decoder.readUInt32()) }
        let places = try #require(
            WalkBlockPlaces(layout: layout, blockCount: reader.rowCount, groupEnds: ends))
        #expect(places.byteCount == Int(walk.byteCount))
        var offsets = [Int](repeating: -1, count: reader.rowCount)
        for number in 0..<reader.rowCount {
            let start = places.offset(of: number)
            let place = Int(walk.offset) + start + WalkBlockLayout.rowOffset
            let row = (0..<4).reduce(0) { $0 | Int(file[place + $1]) << ($1 * 8) }
            offsets[row] = start
        }
        return offsets
    }
}
