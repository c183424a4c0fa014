// The last 64 bytes of a segment: where its directory stands, and that the file is whole.

/// The footer of a segment.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | offset of the directory |
/// | 8 | 8 | bytes of the directory |
/// | 16 | 8 | checksum of the directory |
/// | 24 | 8 | checksum of the first 4,096 bytes of the file |
/// | 32 | 8 | length of the file |
/// | 40 | 8 | file id |
/// | 48 | 8 | XXH3-64 of bytes 0 to 47, seed 0 |
/// | 56 | 8 | the magic of the file header, every bit inverted |
public struct SegmentFooter: Hashable, Sendable {
    /// Where the directory begins.
    public var directoryOffset: UInt64
    /// Bytes of the directory.
    public var directoryByteCount: UInt64
    /// The checksum of the directory.
    public var directoryChecksum: UInt64
    /// The checksum of the first page: file header and zeros.
    public var headerChecksum: UInt64
    /// Bytes of the whole file.
    public var fileByteCount: UInt64
    /// The file id, again.
    public var file: FileID

    /// A footer of these parts.
    public init(
        directoryOffset: UInt64, directoryByteCount: UInt64, directoryChecksum: UInt64,
        headerChecksum: UInt64, fileByteCount: UInt64, file: FileID
    ) {
        self.directoryOffset = directoryOffset
        self.directoryByteCount = directoryByteCount
        self.directoryChecksum = directoryChecksum
        self.headerChecksum = headerChecksum
        self.fileByteCount = fileByteCount
        self.file = file
    }

    /// Bytes a footer takes.
    public static let byteCount = 64
    static let magic: [UInt8] = FileHeader.magic.map { ~$0 }

    /// The 64 bytes.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(directoryOffset)
        writer.append(directoryByteCount)
        writer.append(directoryChecksum)
        writer.append(headerChecksum)
        writer.append(fileByteCount)
        writer.append(file.rawValue)
        writer.append(checksum64(writer.bytes, seed: 0))
        writer.append(contentsOf: Self.magic)
        return writer.bytes
    }

    /// Reads and verifies the footer of a file of `fileByteCount` bytes that carries the id `file`.
    ///
    /// - Throws: ``FormatError`` of kind `truncated`, `foreign` (other magic: the file ends early),
    ///   `checksumMismatch`, `misplaced` (another file's footer), `invalidValue`.
    public init(
        decoding bytes: RawSpan, file: FileID, fileByteCount: UInt64
    ) throws(FormatError) {
        let base = fileByteCount - UInt64(Self.byteCount)
        var reader = ByteReader(bytes, section: "footer", baseOffset: base)
        self.init(
            directoryOffset: try reader.readUInt64(), directoryByteCount: try reader.readUInt64(),
            directoryChecksum: try reader.readUInt64(), headerChecksum: try reader.readUInt64(),
            fileByteCount: try reader.readUInt64(), file: FileID(try reader.readUInt64()))
        let checksum = try reader.readUInt64()
        guard try reader.readBytes(8) == Self.magic else {
            throw reader.error(.foreign, "the file does not end as a segment does")
        }
        guard checksum64(bytes.extracting(0..<48), seed: 0) == checksum else {
            throw reader.error(.checksumMismatch, "footer checksum does not match")
        }
        guard self.file == file else {
            throw reader.error(.misplaced, "footer of another file")
        }
        guard self.fileByteCount == fileByteCount else {
            throw reader.error(
                .invalidValue, "footer says \(self.fileByteCount) bytes, found \(fileByteCount)")
        }
        let largest = UInt64(
            SegmentDirectory.byteCount(sectionCount: SegmentDirectory.maximumSectionCount))
        guard directoryByteCount >= 8, directoryByteCount <= largest,
            directoryOffset % UInt64(SegmentBlocks.pageByteCount) == 0,
            directoryOffset >= UInt64(SegmentBlocks.pageByteCount), directoryOffset < base,
            directoryOffset + directoryByteCount == base
        else {
            throw reader.error(
                .invalidValue,
                "directory of \(directoryByteCount) bytes at \(directoryOffset) does not fit")
        }
    }
}
