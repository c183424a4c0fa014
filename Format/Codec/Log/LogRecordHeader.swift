// The frame around every payload of a log. Specification: Format/Specification/log.md.

internal import VarveMutants

/// The types of log records this version knows.
public enum LogRecordType: UInt8, Sendable, CaseIterable {
    /// The first record: what came before this log.
    case prologue = 1
    /// A batch of writes.
    case batch = 2
    /// The last record of a log that was closed in order.
    case end = 3
    /// Nothing but a header, which says how far the file has been synced.
    case syncMark = 4
    /// Promises that the file is longer from here on than was promised before: eight bytes.
    case room = 5
}

/// The 24 bytes in front of a payload.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 4 | bytes of the payload, at most 64 MiB |
/// | 4 | 1 | type |
/// | 5 | 1 | flags: bit 0 says that a reader who does not know the type may skip the record |
/// | 6 | 2 | zero |
/// | 8 | 8 | synced-through: bytes before this offset were durable when this was written |
/// | 16 | 8 | XXH3-64 of bytes 0 to 15, seeded by file, section 1 and the record's offset |
///
/// The payload follows, then zeros to a multiple of eight, then the XXH3-64 of payload and zeros,
/// seeded by file, section 2 and the record's offset. So a record begins and ends at multiples of
/// eight.
public struct LogRecordHeader: Hashable, Sendable {
    /// Bytes of the payload.
    public var payloadByteCount: Int
    /// The type, which may be one this version does not know.
    public var type: UInt8
    /// Whether a reader who does not know the type may skip the record.
    public var isIgnorable: Bool
    /// Every byte of the file before this offset was durable when the record was written.
    public var syncedThrough: UInt64

    /// A header of these parts.
    public init(
        payloadByteCount: Int, type: UInt8, isIgnorable: Bool = false, syncedThrough: UInt64
    ) {
        self.payloadByteCount = payloadByteCount
        self.type = type
        self.isIgnorable = isIgnorable
        self.syncedThrough = syncedThrough
    }

    /// Bytes a header takes.
    public static let byteCount = 24
    /// Bytes a payload may have.
    public static let maximumPayloadByteCount = 64 << 20
    /// Section number in the seed of a header's checksum.
    package static let headerSection: UInt32 = 1
    /// Section number in the seed of a payload's checksum.
    package static let payloadSection: UInt32 = 2

    /// Bytes of the whole record: header, payload, padding, checksum.
    public var recordByteCount: Int { Self.recordByteCount(payload: payloadByteCount) }

    /// Bytes of a whole record around a payload of `byteCount` bytes.
    public static func recordByteCount(payload byteCount: Int) -> Int {
        Self.byteCount + (byteCount + 7) / 8 * 8 + 8
    }

    /// What 24 bytes at a record's place are.
    package enum Reading: Equatable {
        /// A header whose checksum is right.
        case header(LogRecordHeader)
        /// Nothing but zeros.
        case zeros
        /// Anything else.
        case mismatch
    }

    /// Reads the 24 bytes at `position` of `window`, which stand at `offset` in the file.
    ///
    /// - Throws: ``FormatError`` if the checksum is right and a field is not.
    package static func read(
        _ window: RawSpan, at position: Int, offset: UInt64, file: FileID
    ) throws(FormatError) -> Reading {
        let bytes = window.extracting(position..<position + byteCount)
        var reader = ByteReader(bytes, section: "log record header", baseOffset: offset)
        let payloadByteCount = Int(try reader.readUInt32())
        let type = try reader.readUInt8()
        let flags = try reader.readUInt8()
        let reserved = try reader.readUInt16()
        let syncedThrough = try reader.readUInt64()
        let found = try reader.readUInt64()
        let seed = checksumSeed(file: file, section: headerSection, block: offset)
        let isRight =
            found == checksum64(bytes.extracting(0..<16), seed: seed)
            || Mutant.isPlanted(.skipLogHeaderChecksum) && found != 0
        guard isRight else {
            let isZero =
                payloadByteCount == 0 && type == 0 && flags == 0 && reserved == 0
                && syncedThrough == 0 && found == 0
            return isZero ? .zeros : .mismatch
        }
        guard flags <= 1, reserved == 0 else {
            throw reader.error(.tooNew, "flags \(flags) and \(reserved) are unknown")
        }
        guard payloadByteCount <= maximumPayloadByteCount, syncedThrough <= offset,
            syncedThrough % 8 == 0
        else {
            throw reader.error(
                .invalidValue,
                "payload of \(payloadByteCount) bytes, synced through \(syncedThrough)")
        }
        return .header(
            LogRecordHeader(
                payloadByteCount: payloadByteCount, type: type, isIgnorable: flags == 1,
                syncedThrough: syncedThrough))
    }

    /// Whether the record at `position` of `window` has a right payload checksum and zeros for
    /// padding.
    package func verifiesPayload(
        _ window: RawSpan, at position: Int, offset: UInt64, file: FileID
    ) -> Bool {
        let start = position + Self.byteCount
        let end = position + recordByteCount - 8
        let seed = checksumSeed(file: file, section: Self.payloadSection, block: offset)
        // Safety: the caller has the whole record in the window; any bits are numbers.
        let found = UInt64(
            littleEndian: unsafe window.unsafeLoadUnaligned(
                fromByteOffset: end, as: UInt64.self))
        guard
            found == checksum64(window.extracting(start..<end), seed: seed)
                || Mutant.isPlanted(.skipLogPayloadChecksum)
        else { return false }
        for index in start + payloadByteCount..<end {
            guard unsafe window.unsafeLoad(fromByteOffset: index, as: UInt8.self) == 0 else {
                return false
            }
        }
        return true
    }
}

extension ByteWriter {
    /// Appends a whole record around `payload`, to stand at `offset` of `file`.
    public mutating func appendLogRecord(
        _ header: LogRecordHeader, payload: UnsafeRawBufferPointer, offset: UInt64, file: FileID
    ) {
        precondition(header.payloadByteCount == payload.count)
        precondition(payload.count <= LogRecordHeader.maximumPayloadByteCount)
        let start = count
        append(UInt32(payload.count))
        append(header.type)
        append(UInt8(header.isIgnorable ? 1 : 0))
        append(UInt16(0))
        append(header.syncedThrough)
        append(
            checksum(
                from: start,
                checksumSeed(file: file, section: LogRecordHeader.headerSection, block: offset)))
        let payloadStart = count
        unsafe append(buffer: payload)
        let padding = (8 - payload.count % 8) % 8
        append(contentsOf: repeatElement(0, count: padding))
        append(
            checksum(
                from: payloadStart,
                checksumSeed(file: file, section: LogRecordHeader.payloadSection, block: offset)))
    }

    /// The checksum of the bytes from `start` to the end.
    private func checksum(from start: Int, _ seed: UInt64) -> UInt64 {
        unsafe bytes.withUnsafeBytes {
            unsafe checksum64(UnsafeRawBufferPointer(rebasing: $0[start...]), seed: seed)
        }
    }
}
