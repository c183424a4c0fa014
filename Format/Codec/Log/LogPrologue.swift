// The first record of a log, which chains it to the log before.

/// What a log says of the log before it, so that a missing, swapped or shortened log is noticed.
public struct LogPredecessor: Hashable, Sendable {
    /// Its number.
    public var number: LogNumber
    /// The id of its file.
    public var file: FileID
    /// Bytes of it that count: the exact length of a sealed log, the end of the last good record of
    /// a cut one.
    public var byteCount: UInt64
    /// Whether it was closed in order; otherwise a crash ended it.
    public var isSealed: Bool

    /// A predecessor of these parts.
    public init(number: LogNumber, file: FileID, byteCount: UInt64, isSealed: Bool) {
        self.number = number
        self.file = file
        self.byteCount = byteCount
        self.isSealed = isSealed
    }
}

/// The payload of a log's first record: 48 bytes.
public struct LogPrologue: Hashable, Sendable {
    /// The last sequence number given out before this log; its own are greater.
    public var lastSequence: SequenceNumber
    /// The log before this one; nil for a store's first.
    public var predecessor: LogPredecessor?
    /// Bytes the file has from the start and until its end record is durable: if it is found
    /// shorter without one, its end has been cut off.
    public var roomByteCount: UInt64

    /// A prologue of these parts.
    public init(
        lastSequence: SequenceNumber, predecessor: LogPredecessor? = nil, roomByteCount: UInt64 = 0
    ) {
        self.lastSequence = lastSequence
        self.predecessor = predecessor
        self.roomByteCount = roomByteCount
    }

    /// Bytes of the payload.
    public static let byteCount = 48
    /// Where the first record after the prologue stands.
    public static let endOffset =
        UInt64(FileHeader.byteCount + LogRecordHeader.recordByteCount(payload: byteCount))

    /// The 48 bytes.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.append(lastSequence.rawValue)
        writer.append(predecessor?.number.rawValue ?? 0)
        writer.append(predecessor?.file.rawValue ?? 0)
        writer.append(predecessor?.byteCount ?? 0)
        let state: UInt64 =
            switch predecessor?.isSealed {
            case nil: 0
            case true?: 1
            case false?: 2
            }
        writer.append(state)
        writer.append(roomByteCount)
        return writer.bytes
    }

    /// Decodes the 48 bytes.
    ///
    /// - Parameter baseOffset: Where they stand in their file, for errors.
    /// - Throws: ``FormatError`` for bytes that no writer writes.
    public init(
        decoding bytes: RawSpan, baseOffset: UInt64 = UInt64(FileHeader.byteCount)
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: "log prologue", baseOffset: baseOffset)
        lastSequence = SequenceNumber(try reader.readUInt64())
        let number = LogNumber(try reader.readUInt64())
        let file = FileID(try reader.readUInt64())
        let byteCount = try reader.readUInt64()
        let state = try reader.readUInt64()
        switch state {
        case 0:
            guard number.rawValue == 0, file.rawValue == 0, byteCount == 0 else {
                throw reader.error(.invalidValue, "facts of a predecessor that is not there")
            }
            predecessor = nil
        case 1, 2:
            guard byteCount >= Self.endOffset else {
                throw reader.error(.invalidValue, "a predecessor of \(byteCount) bytes")
            }
            predecessor = LogPredecessor(
                number: number, file: file, byteCount: byteCount, isSealed: state == 1)
        default:
            throw reader.error(.invalidValue, "state \(state) of the predecessor")
        }
        roomByteCount = try reader.readUInt64()
        try reader.expectEnd()
    }
}
