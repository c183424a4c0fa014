// The deleted rows of one segment as a file. Specification: Format/Specification/tombstones.md.

internal import VarveMutants

/// The deleted rows of one segment as of one version.
public struct TombstoneFile: Sendable, Equatable {
    /// The store it belongs to.
    public var store: StoreID
    /// The salt of the file.
    public var file: FileID
    /// The segment whose rows are deleted.
    public var segment: SegmentID
    /// The version in the file's name.
    public var version: VersionNumber
    /// Rows of the segment; every deleted row is below it.
    public var rowCount: Int
    /// The deleted rows.
    public var rows: RowSet

    /// The deleted `rows` of `segment`, which has `rowCount` rows.
    public init(
        store: StoreID, file: FileID, segment: SegmentID, version: VersionNumber, rowCount: Int,
        rows: RowSet
    ) {
        self.store = store
        self.file = file
        self.segment = segment
        self.version = version
        self.rowCount = rowCount
        self.rows = rows
    }

    /// Bytes between header and row set.
    static let fixedByteCount = 24
    /// Bytes of the checksum at the end.
    static let footerByteCount = 16
    /// The most bytes a tombstone file may have: 65,536 bitset containers and what stands around
    /// them.
    public static let maximumByteCount = 65_536 * (8_192 + 9) + 1_024

    /// The bytes of the file and the record a manifest keeps of it.
    public func encoded() -> (bytes: [UInt8], record: TombstoneRecord) {
        precondition((0...SegmentRecord.maximumRowCount).contains(rowCount))
        precondition((rows.last?.index ?? -1) < rowCount, "a deleted row the segment does not have")
        let set = rows.encoded()
        let deletedCount = rows.count
        var writer = ByteWriter(
            capacity: FileHeader.byteCount + Self.fixedByteCount + set.count
                + Self.footerByteCount)
        let header = FileHeader(
            kind: .tombstones, store: store, file: file, number: version.rawValue)
        writer.append(contentsOf: header.encoded())
        writer.append(segment.rawValue)
        writer.append(UInt32(rowCount))
        writer.append(UInt32(deletedCount))
        writer.append(UInt64(set.count))
        writer.append(contentsOf: set)
        writer.append(UInt64(writer.count + Self.footerByteCount))
        writer.append(
            checksum64(writer.bytes, seed: checksumSeed(file: file, section: 0, block: 0)))
        let record = TombstoneRecord(
            version: version, file: file, byteCount: UInt64(writer.count),
            digest: Digest(of: writer.bytes), deletedCount: deletedCount)
        return (writer.bytes, record)
    }

    /// Reads and verifies the bytes of a tombstone file.
    ///
    /// - Throws: ``FormatError``: of the header, `truncated` or `checksumMismatch` for damaged
    ///   bytes, `invalidValue` for values that cannot be.
    public init(decoding bytes: RawSpan) throws(FormatError) {
        let header = try FileHeader(decoding: bytes, expecting: .tombstones)
        let setOffset = FileHeader.byteCount + Self.fixedByteCount
        let setEnd = bytes.byteCount - Self.footerByteCount
        guard setEnd >= setOffset, bytes.byteCount <= Self.maximumByteCount else {
            throw FormatError(
                .truncated, section: "tombstones", offset: UInt64(bytes.byteCount),
                detail: "\(bytes.byteCount) bytes cannot be a tombstone file")
        }
        try Self.verifyFooter(bytes, file: header.file)
        var reader = ByteReader(bytes, section: "tombstones")
        _ = try reader.skip(FileHeader.byteCount)
        let segment = SegmentID(try reader.readUInt64())
        let rowCount = Int(try reader.readUInt32())
        let deletedCount = Int(try reader.readUInt32())
        guard try reader.readUInt64() == UInt64(setEnd - setOffset) else {
            throw reader.error(.invalidValue, "length of the row set is not what the file has")
        }
        let rows = try RowSet(
            decoding: bytes.extracting(setOffset..<setEnd), rowCount: rowCount,
            section: "tombstones", baseOffset: UInt64(setOffset))
        guard rows.count == deletedCount else {
            throw reader.error(
                .invalidValue, "\(rows.count) rows in the set, the file says \(deletedCount)")
        }
        self.init(
            store: header.store, file: header.file, segment: segment,
            version: VersionNumber(header.number), rowCount: rowCount, rows: rows)
    }

    /// Reads and verifies the bytes of the tombstone file that `segment` of a manifest names.
    ///
    /// - Throws: as ``init(decoding:)``, and `misplaced` or `checksumMismatch` where the bytes are
    ///   those of another file.
    public init(
        decoding bytes: RawSpan, of segment: SegmentRecord, store: StoreID
    ) throws(FormatError) {
        try self.init(decoding: bytes)
        guard let record = segment.tombstones else { preconditionFailure("no tombstones named") }
        let digest = unsafe bytes.withUnsafeBytes { unsafe Digest(of: $0) }
        guard self.store == store, self.segment == segment.id, version == record.version,
            file == record.file
        else {
            throw FormatError(
                .misplaced, section: "tombstones", offset: 0,
                detail: "the file of another store, segment or version")
        }
        guard digest == record.digest, UInt64(bytes.byteCount) == record.byteCount,
            rowCount == segment.rowCount, rows.count == record.deletedCount
        else {
            throw FormatError(
                .checksumMismatch, section: "tombstones", offset: 0,
                detail: "not the bytes the manifest names")
        }
    }

    /// Reads and verifies the bytes of a tombstone file from an array.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        try self.init(decoding: unsafe bytes.span.bytes)
    }

    /// Reads and verifies, from an array, the tombstone file that `segment` of a manifest names.
    public init(
        decoding bytes: [UInt8], of segment: SegmentRecord, store: StoreID
    ) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        try self.init(decoding: unsafe bytes.span.bytes, of: segment, store: store)
    }

    private static func verifyFooter(_ bytes: RawSpan, file: FileID) throws(FormatError) {
        let offset = bytes.byteCount - footerByteCount
        var footer = ByteReader(
            bytes.extracting(offset..<bytes.byteCount), section: "tombstones footer",
            baseOffset: UInt64(offset))
        let recordedCount = try footer.readUInt64()
        let expected = checksum64(
            bytes.extracting(0..<bytes.byteCount - 8),
            seed: checksumSeed(file: file, section: 0, block: 0))
        guard
            try footer.readUInt64() == expected || Mutant.isPlanted(.skipTombstoneChecksum)
        else {
            throw footer.error(.checksumMismatch, "tombstones checksum does not match")
        }
        guard recordedCount == UInt64(bytes.byteCount) else {
            throw footer.error(
                .truncated, "records \(recordedCount) bytes, the file has \(bytes.byteCount)")
        }
    }
}
