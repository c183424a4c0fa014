// The directory of a segment: what its sections are called, where they stand, how they are checked.

/// One section of a segment, as its directory describes it.
public struct SegmentSectionEntry: Hashable, Sendable {
    /// The name: 1 to 32 bytes of printable ASCII.
    public var name: String
    /// Whether a reader that does not know the name must refuse the file.
    public var isRequired: Bool
    /// Bytes a checksum covers, a power of two from 4 KiB to 1 MiB; the last block may be shorter.
    public var blockByteCount: Int
    /// Where the section begins: a multiple of 4 KiB.
    public var offset: UInt64
    /// Bytes of the section, without the zeros up to the next multiple of 4 KiB.
    public var byteCount: UInt64
    /// Where the checksum table begins; zero for sections of at most one block.
    public var tableOffset: UInt64
    /// The checksum of the only block; zero for sections of any other count of blocks.
    public var checksum: UInt64

    /// An entry of these parts.
    public init(
        name: String, isRequired: Bool, blockByteCount: Int, offset: UInt64, byteCount: UInt64,
        tableOffset: UInt64 = 0, checksum: UInt64 = 0
    ) {
        self.name = name
        self.isRequired = isRequired
        self.blockByteCount = blockByteCount
        self.offset = offset
        self.byteCount = byteCount
        self.tableOffset = tableOffset
        self.checksum = checksum
    }

    /// Bytes of the section with its padding; every one of them lies in a block.
    public var paddedByteCount: UInt64 { SegmentBlocks.padded(byteCount) }

    /// Blocks the section has.
    public var blockCount: Int {
        Int((paddedByteCount + UInt64(blockByteCount) - 1) / UInt64(blockByteCount))
    }

    /// Pages of the section's checksum table.
    public var tablePageCount: Int { SegmentBlocks.tablePageCount(blockCount: blockCount) }

    /// The bytes of block `index`, counted from the beginning of the section.
    public func blockRange(_ index: Int) -> Range<Int> {
        let start = index * blockByteCount
        return start..<min(start + blockByteCount, Int(paddedByteCount))
    }
}

/// The sections of a segment, in the order of their place in the file.
public struct SegmentDirectory: Hashable, Sendable {
    /// The sections.
    public var entries: [SegmentSectionEntry]

    /// A directory of these sections.
    public init(entries: [SegmentSectionEntry]) { self.entries = entries }

    /// The most sections a segment may have.
    public static let maximumSectionCount = 64
    /// Bytes of one entry.
    public static let entryByteCount = 72
    /// Bytes of a directory of `count` sections.
    public static func byteCount(sectionCount count: Int) -> Int { 8 + count * entryByteCount }

    /// The position of the section called `name`, which is its number in checksum seeds.
    public func index(of name: String) -> Int? { entries.firstIndex { $0.name == name } }

    /// The bytes of the directory.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount(sectionCount: entries.count))
        writer.append(UInt32(entries.count))
        writer.append(UInt32(0))
        for entry in entries {
            let name = Array(entry.name.utf8)
            writer.append(contentsOf: name)
            writer.append(contentsOf: repeatElement(UInt8(0), count: 32 - name.count))
            writer.append(UInt32(entry.isRequired ? 1 : 0))
            writer.append(UInt32(entry.blockByteCount))
            writer.append(entry.offset)
            writer.append(entry.byteCount)
            writer.append(entry.tableOffset)
            writer.append(entry.checksum)
        }
        return writer.bytes
    }

    /// Reads a directory whose checksum has been verified, and refuses one that does not describe
    /// the whole file: sections side by side from 4,096, then their checksum tables, then the
    /// directory at `offset`.
    public init(decoding bytes: RawSpan, at offset: UInt64) throws(FormatError) {
        var reader = ByteReader(bytes, section: "directory", baseOffset: offset)
        let count = Int(try reader.readUInt32())
        guard count <= Self.maximumSectionCount else {
            throw reader.error(.invalidValue, "\(count) sections, at most 64 allowed")
        }
        guard try reader.readUInt32() == 0 else {
            throw reader.error(.invalidValue, "reserved bytes are not zero")
        }
        var entries: [SegmentSectionEntry] = []
        var expected = UInt64(SegmentBlocks.pageByteCount)
        for _ in 0..<count {
            let entry = try SegmentSectionEntry(from: &reader)
            guard entry.offset == expected else {
                throw reader.error(
                    .invalidValue, "\(entry.name) at \(entry.offset), expected \(expected)")
            }
            guard entry.byteCount <= offset, entry.paddedByteCount <= offset - expected else {
                throw reader.error(.invalidValue, "\(entry.name) reaches over the directory")
            }
            guard !entries.contains(where: { $0.name == entry.name }) else {
                throw reader.error(.invalidValue, "two sections are called \(entry.name)")
            }
            expected += entry.paddedByteCount
            entries.append(entry)
        }
        for entry in entries {
            let wanted = entry.tablePageCount == 0 ? 0 : expected
            guard entry.tableOffset == wanted else {
                throw reader.error(
                    .invalidValue,
                    "table of \(entry.name) at \(entry.tableOffset), expected \(wanted)")
            }
            guard entry.blockCount == 1 || entry.checksum == 0 else {
                throw reader.error(.invalidValue, "\(entry.name) has a checksum of its own")
            }
            expected += UInt64(entry.tablePageCount * SegmentBlocks.pageByteCount)
        }
        guard expected == offset else {
            throw reader.error(.invalidValue, "sections end at \(expected), not at \(offset)")
        }
        try reader.expectEnd()
        self.init(entries: entries)
    }
}

extension SegmentSectionEntry {
    /// Reads one entry and checks what can be checked without the others.
    @_lifetime(reader: copy reader)
    init(from reader: inout ByteReader) throws(FormatError) {
        let name = try reader.readBytes(32)
        let length = name.firstIndex(of: 0) ?? 32
        guard length > 0, name[..<length].allSatisfy({ (0x21...0x7E).contains($0) }),
            name[length...].allSatisfy({ $0 == 0 })
        else {
            throw reader.error(.invalidValue, "the name of a section is not printable ASCII")
        }
        let flags = try reader.readUInt32()
        let block = try reader.readUInt32()
        self.init(
            name: String(decoding: name[..<length], as: UTF8.self), isRequired: flags & 1 == 1,
            blockByteCount: Int(block), offset: try reader.readUInt64(),
            byteCount: try reader.readUInt64(), tableOffset: try reader.readUInt64(),
            checksum: try reader.readUInt64())
        guard flags <= 1 else {
            throw reader.error(.tooNew, "unknown flags \(flags) of section \(self.name)")
        }
        guard SegmentBlocks.isValidBlock(byteCount: blockByteCount) else {
            throw reader.error(.invalidValue, "blocks of \(block) bytes in section \(self.name)")
        }
    }
}
