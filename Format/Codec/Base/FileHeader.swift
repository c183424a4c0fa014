// The first 64 bytes of every binary file of a store. Specification:
// Format/Specification/common.md.

/// The kinds of binary file a store has.
public enum FileKind: UInt8, Sendable, CaseIterable {
    /// A write-ahead log.
    case log = 1
    /// One version of the store.
    case manifest = 2
    /// An immutable segment.
    case segment = 3
    /// The deleted rows of one segment as of one version.
    case tombstones = 4
}

/// The first 64 bytes of a file: what it is, whose it is, and what a reader must understand.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | magic: `89 56 52 56 0D 0A 1A 0A` |
/// | 8 | 1 | file kind |
/// | 9 | 1 | zero |
/// | 10 | 2 | format version, 1 |
/// | 12 | 4 | zero |
/// | 16 | 16 | store id |
/// | 32 | 8 | file id: 64 random bits, the salt of every checksum in the file |
/// | 40 | 8 | file number, as in its name |
/// | 48 | 4 | required features: a reader refuses bits it does not know |
/// | 52 | 4 | optional features: a reader ignores bits it does not know |
/// | 56 | 8 | XXH3-64 of bytes 0 to 55, seeded with the file kind |
public struct FileHeader: Hashable, Sendable {
    /// What kind of file it is.
    public var kind: FileKind
    /// The store it belongs to.
    public var store: StoreID
    /// The salt of every checksum in the file.
    public var file: FileID
    /// The number in its name.
    public var number: UInt64
    /// Features a reader must know.
    public var requiredFeatures: UInt32 = 0
    /// Features a reader may ignore.
    public var optionalFeatures: UInt32 = 0

    /// A header without features.
    public init(kind: FileKind, store: StoreID, file: FileID, number: UInt64) {
        self.kind = kind
        self.store = store
        self.file = file
        self.number = number
    }

    /// Bytes a header takes.
    public static let byteCount = 64
    /// The format version this code writes, and the newest it reads.
    public static let formatVersion: UInt16 = 1
    /// The first eight bytes of every binary file of a store.
    package static let magic: [UInt8] = [0x89, 0x56, 0x52, 0x56, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The 64 bytes.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(contentsOf: Self.magic)
        writer.append(kind.rawValue)
        writer.append(UInt8(0))
        writer.append(Self.formatVersion)
        writer.append(UInt32(0))
        writer.append(store.low)
        writer.append(store.high)
        writer.append(file.rawValue)
        writer.append(number)
        writer.append(requiredFeatures)
        writer.append(optionalFeatures)
        writer.append(checksum64(writer.bytes, seed: UInt64(kind.rawValue)))
        return writer.bytes
    }

    /// Reads and verifies a header; nothing in it is believed before its checksum is.
    ///
    /// - Throws: ``FormatError`` of kind `truncated`, `foreign` (other magic), `misplaced` (another
    ///   kind), `checksumMismatch`, `tooNew` (format version or a required feature),
    ///   `invalidValue`.
    public init(decoding bytes: RawSpan, expecting kind: FileKind) throws(FormatError) {
        var reader = ByteReader(bytes, section: "file header")
        let magic = try reader.readBytes(8)
        guard magic == Self.magic else {
            throw reader.error(.foreign, "not a file of a Varve store")
        }
        let kindByte = try reader.readUInt8()
        let reserved = try reader.readUInt8()
        let version = try reader.readUInt16()
        let reservedToo = try reader.readUInt32()
        let store = StoreID(low: try reader.readUInt64(), high: try reader.readUInt64())
        let file = FileID(try reader.readUInt64())
        let number = try reader.readUInt64()
        let required = try reader.readUInt32()
        let optional = try reader.readUInt32()
        let expected = checksum64(bytes.extracting(0..<56), seed: UInt64(kindByte))
        guard try reader.readUInt64() == expected else {
            throw reader.error(.checksumMismatch, "header checksum does not match")
        }
        guard version == Self.formatVersion else {
            throw reader.error(
                version > Self.formatVersion ? .tooNew : .invalidValue,
                "format version \(version), this reader knows \(Self.formatVersion)")
        }
        guard let found = FileKind(rawValue: kindByte), found == kind else {
            throw reader.error(.misplaced, "file kind \(kindByte), expected \(kind.rawValue)")
        }
        guard required == 0 else {
            throw reader.error(.tooNew, "required features \(required) are unknown")
        }
        guard reserved == 0, reservedToo == 0 else {
            throw reader.error(.invalidValue, "reserved bytes are not zero")
        }
        self.init(kind: kind, store: store, file: file, number: number)
        requiredFeatures = required
        optionalFeatures = optional
    }
}
