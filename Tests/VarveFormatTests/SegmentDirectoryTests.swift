// The frame of a segment: directory, footer, checksum tables.

import Testing
import VarveFormat

@Suite("Segment directories")
struct SegmentDirectoryTests {
    static let file = FileID(0xABCD)

    /// Three sections of 100 bytes, of 3 MiB in blocks of 4 KiB, and of none.
    static var directory: SegmentDirectory {
        SegmentDirectory(entries: [
            SegmentSectionEntry(
                name: "one", isRequired: true, blockByteCount: 4_096, offset: 4_096,
                byteCount: 100, checksum: 77),
            SegmentSectionEntry(
                name: "two", isRequired: false, blockByteCount: 4_096, offset: 8_192,
                byteCount: 3 << 20, tableOffset: 8_192 + 3 << 20),
            SegmentSectionEntry(
                name: "three", isRequired: false, blockByteCount: 1 << 20,
                offset: 8_192 + 3 << 20, byteCount: 0),
        ])
    }

    static let directoryOffset = UInt64(8_192 + 3 << 20 + 2 * 4_096)

    @Test func `a directory comes back`() throws {
        let bytes = Self.directory.encoded()
        #expect(bytes.count == SegmentDirectory.byteCount(sectionCount: 3))
        let back = unsafe try SegmentDirectory(
            decoding: bytes.span.bytes, at: Self.directoryOffset)
        #expect(back == Self.directory)
        #expect(back.entries[1].blockCount == 768)
        #expect(back.entries[1].tablePageCount == 2)
        #expect(back.index(of: "three") == 2)
        #expect(back.index(of: "four") == nil)
    }

    @Test func `every changed byte but a free one is refused`() throws {
        let bytes = Self.directory.encoded()
        for offset in bytes.indices {
            for change: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
                var damaged = bytes
                damaged[offset] ^= change
                let back = unsafe try? SegmentDirectory(
                    decoding: damaged.span.bytes, at: Self.directoryOffset)
                // Names, the required bit, block sizes that keep the table, lengths that keep the
                // pages and the one checksum may change; places may not.
                if let back {
                    #expect(back.entries.map(\.offset) == Self.directory.entries.map(\.offset))
                }
            }
        }
    }

    @Test func `sections that overlap, leave a gap or share a name are refused`() {
        let changes: [(inout SegmentDirectory) -> Void] = [
            { $0.entries[1].offset += 4_096 },
            { $0.entries[1].offset -= 4_096 },
            { $0.entries[1].byteCount += 4_096 },
            { $0.entries[1].byteCount = .max },
            { $0.entries[1].byteCount = .max - 4_096 },
            { $0.entries[1].name = "one" },
            { $0.entries[1].tableOffset += 4_096 },
            { $0.entries[1].checksum = 1 },
            { $0.entries[2].checksum = 1 },
            { $0.entries[0].blockByteCount = 2_048 },
            { $0.entries[0].blockByteCount = 5_000 },
            { $0.entries[0].blockByteCount = 2 << 20 },
            { $0.entries[0].name = "" },
            { $0.entries[0].name = "a b" },
            { $0.entries.removeLast(2) },
        ]
        for (number, change) in changes.enumerated() {
            var directory = Self.directory
            change(&directory)
            let bytes = directory.encoded()
            #expect(throws: FormatError.self, "change \(number)") {
                unsafe try SegmentDirectory(
                    decoding: bytes.span.bytes, at: Self.directoryOffset)
            }
        }
    }

    @Test func `a footer comes back, and no byte of it may change`() throws {
        let footer = SegmentFooter(
            directoryOffset: 8_192, directoryByteCount: 80, directoryChecksum: 1,
            headerChecksum: 2, fileByteCount: 8_192 + 80 + 64, file: Self.file)
        let bytes = footer.encoded()
        func decode(_ bytes: [UInt8]) throws(FormatError) -> SegmentFooter {
            unsafe try SegmentFooter(
                decoding: bytes.span.bytes, file: Self.file, fileByteCount: 8_192 + 80 + 64)
        }
        #expect(bytes.count == 64)
        #expect(try decode(bytes) == footer)
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 0x04
            #expect(throws: FormatError.self, "byte \(offset)") { try decode(damaged) }
        }
        #expect(throws: FormatError.self) {
            unsafe try SegmentFooter(
                decoding: bytes.span.bytes, file: FileID(1), fileByteCount: 8_192 + 80 + 64)
        }
    }

    @Test(arguments: [2, 511, 512, 1_023])
    func `a table has a page for every 511 checksums`(_ count: Int) {
        let checksums = (0..<UInt64(count)).map { splitMix64($0) }
        let bytes = SegmentBlocks.encodeTable(checksums, file: Self.file, section: 3)
        #expect(bytes.count == (count + 510) / 511 * 4_096)
        for block in [0, count / 2, count - 1] {
            let offset = block / 511 * 4_096 + block % 511 * 8
            let value = bytes[offset..<offset + 8].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            #expect(value == checksums[block])
        }
    }
}
