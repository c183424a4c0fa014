// Tombstone files are read back, and damaged or misplaced ones are refused.

import Testing
import VarveFormat

@Suite struct TombstoneFileTests {
    private func sample(_ ordinals: [UInt32] = [0, 3, 4, 99], rowCount: Int = 100) -> TombstoneFile
    {
        TombstoneFile(
            store: StoreID(low: 1, high: 2), file: FileID(3), segment: SegmentID(31),
            version: VersionNumber(42), rowCount: rowCount, rows: RowSet(ordinals: ordinals))
    }

    private func segment(_ file: TombstoneFile) -> SegmentRecord {
        SegmentRecord(
            id: file.segment, file: FileID(9), byteCount: 1, digest: Digest(low: 0, high: 0),
            rowCount: file.rowCount, firstSequence: .zero, lastSequence: .zero,
            tombstones: file.encoded().record)
    }

    @Test(arguments: RowSetTests.shapes.indices)
    func `what is written is read back`(_ index: Int) throws {
        let file = sample(RowSetTests.shapes[index], rowCount: Int(UInt32.max))
        let (bytes, record) = file.encoded()
        #expect(try TombstoneFile(decoding: bytes) == file)
        #expect(record.byteCount == UInt64(bytes.count) && record.digest == Digest(of: bytes))
        #expect(record.deletedCount == file.rows.count && record.version == file.version)
        let again = try TombstoneFile(
            decoding: bytes, of: segment(file), store: file.store)
        #expect(again == file)
    }

    @Test func `every flipped bit, truncation and tail is refused`() {
        let bytes = sample().encoded().bytes
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: FormatError.self, "byte \(index), bit \(bit)") {
                    try TombstoneFile(decoding: damaged)
                }
            }
            let part = Array(bytes[..<index])
            #expect(throws: FormatError.self, "\(index) bytes") {
                try TombstoneFile(decoding: part)
            }
        }
        let longer = bytes + [0]
        #expect(throws: FormatError.self) { try TombstoneFile(decoding: longer) }
    }

    @Test func `wrong values under a right checksum are refused`() {
        let file = sample()
        let bytes = file.encoded().bytes
        for index in 72..<bytes.count - 16 {
            for value in [0, 1, 2, 0x7F, 0x80, 0xFF] as [UInt8] where bytes[index] != value {
                var writer = ByteWriter()
                var changed = bytes
                changed[index] = value
                writer.append(contentsOf: changed.dropLast(8))
                writer.append(
                    checksum64(
                        writer.bytes, seed: checksumSeed(file: file.file, section: 0, block: 0)))
                let resealed = writer.bytes
                guard let other = try? TombstoneFile(decoding: resealed) else {
                    continue
                }
                #expect(other != file && other.encoded().bytes == resealed)
            }
        }
    }

    @Test func `the file of another segment, version, store or history is misplaced`() {
        let file = sample()
        let record = segment(file)
        var others = [file, file, file, file]
        others[0].segment = SegmentID(32)
        others[1].version = VersionNumber(43)
        others[2].store = StoreID(low: 1, high: 3)
        others[3].file = FileID(4)
        for other in others {
            let bytes = other.encoded().bytes
            let error = #expect(throws: FormatError.self) {
                try TombstoneFile(decoding: bytes, of: record, store: file.store)
            }
            #expect(error?.kind == .misplaced)
        }
        var sameName = file
        sameName.rows.insert(RowOrdinal(7))
        let bytes = sameName.encoded().bytes
        let error = #expect(throws: FormatError.self) {
            try TombstoneFile(decoding: bytes, of: record, store: file.store)
        }
        #expect(error?.kind == .checksumMismatch)
    }
}
