// How a section is cut into blocks, and where the checksum of each block stands.

/// The arithmetic of blocks and checksum pages that writer and readers share.
public enum SegmentBlocks {
    /// Sections begin at multiples of this.
    public static let pageByteCount = 4_096
    /// The sizes a block may have: powers of two.
    public static let blockByteCountRange = 4_096...1_048_576
    /// Block checksums in one page of a checksum table; the page's own checksum follows them.
    public static let checksumsPerPage = 511

    /// `byteCount` rounded up to whole pages.
    public static func padded(_ byteCount: UInt64) -> UInt64 {
        (byteCount + 4_095) / 4_096 * 4_096
    }

    /// Whether blocks may have `byteCount` bytes.
    public static func isValidBlock(byteCount: Int) -> Bool {
        blockByteCountRange.contains(byteCount) && byteCount & (byteCount - 1) == 0
    }

    /// The seed of the checksum of block `block` of section number `section`.
    public static func seed(file: FileID, section: Int, block: Int) -> UInt64 {
        checksumSeed(file: file, section: UInt32(section), block: UInt64(block))
    }

    /// The seed of the checksum of page `page` of the checksum table of section number `section`.
    public static func tableSeed(file: FileID, section: Int, page: Int) -> UInt64 {
        checksumSeed(file: file, section: UInt32(section) | 0x8000_0000, block: UInt64(page))
    }

    /// The seed of the checksum of the first page, which holds the file header.
    public static func headerSeed(file: FileID) -> UInt64 {
        checksumSeed(file: file, section: 0xFFFF_FFFE, block: 0)
    }

    /// The seed of the directory's checksum.
    public static func directorySeed(file: FileID) -> UInt64 {
        checksumSeed(file: file, section: 0xFFFF_FFFF, block: 0)
    }

    /// The pages of the checksum table of a section of `blockCount` blocks, one after the other.
    public static func encodeTable(_ checksums: [UInt64], file: FileID, section: Int) -> [UInt8] {
        var writer = ByteWriter(capacity: tablePageCount(blockCount: checksums.count) * 4_096)
        for page in 0..<tablePageCount(blockCount: checksums.count) {
            let first = page * checksumsPerPage
            var part = ByteWriter(capacity: 4_096)
            for value in checksums[first..<min(first + checksumsPerPage, checksums.count)] {
                part.append(value)
            }
            part.append(
                contentsOf: repeatElement(UInt8(0), count: checksumsPerPage * 8 - part.count))
            part.append(
                checksum64(part.bytes, seed: tableSeed(file: file, section: section, page: page)))
            writer.append(contentsOf: part.bytes)
        }
        return writer.bytes
    }

    /// Pages the checksum table of a section takes: none for up to one block.
    public static func tablePageCount(blockCount: Int) -> Int {
        blockCount <= 1 ? 0 : (blockCount + checksumsPerPage - 1) / checksumsPerPage
    }
}
