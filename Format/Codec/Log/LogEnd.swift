// The last record of a log that was closed in order.

/// The payload of a sealed log's last record: 24 bytes.
public struct LogEnd: Hashable, Sendable {
    /// The last sequence number given out before the end, in this log or before it.
    public var lastSequence: SequenceNumber
    /// Batches in this log.
    public var batchCount: UInt64
    /// The length of the whole file, this record included.
    public var byteCount: UInt64

    /// Bytes of the payload.
    public static let byteCount = 24

    /// The 24 bytes.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(lastSequence.rawValue)
        writer.append(batchCount)
        writer.append(byteCount)
        return writer.bytes
    }

    /// An end of these parts.
    public init(lastSequence: SequenceNumber, batchCount: UInt64, byteCount: UInt64) {
        self.lastSequence = lastSequence
        self.batchCount = batchCount
        self.byteCount = byteCount
    }

    init(decoding bytes: RawSpan, baseOffset: UInt64) throws(FormatError) {
        var reader = ByteReader(bytes, section: "log end", baseOffset: baseOffset)
        lastSequence = SequenceNumber(try reader.readUInt64())
        batchCount = try reader.readUInt64()
        byteCount = try reader.readUInt64()
        try reader.expectEnd()
    }
}
