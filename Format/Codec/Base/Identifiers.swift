// Wrapper types for the numbers that name things, so that one kind is never passed for another.

/// The position of a row inside one segment or memtable; valid ordinals are dense from zero.
public struct RowOrdinal: Hashable, Comparable, Sendable {
    /// The position, counted from zero.
    public var rawValue: UInt32

    /// Names the row at `rawValue`.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// The position as an index into arrays of this process.
    public var index: Int { Int(rawValue) }

    public static func < (a: RowOrdinal, b: RowOrdinal) -> Bool { a.rawValue < b.rawValue }
}

/// The number of a segment, unique in a store for ever; also the number in its file name.
public struct SegmentID: Hashable, Comparable, Sendable {
    /// The number as it stands in manifests and file names.
    public var rawValue: UInt64

    /// Names segment `rawValue`.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: SegmentID, b: SegmentID) -> Bool { a.rawValue < b.rawValue }
}

/// The number of a log file, unique in a store for ever and growing.
public struct LogNumber: Hashable, Comparable, Sendable {
    /// The number as it stands in manifests and file names.
    public var rawValue: UInt64

    /// Names log `rawValue`.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: LogNumber, b: LogNumber) -> Bool { a.rawValue < b.rawValue }
}

/// The number of a manifest; each published version of a store has the next one.
public struct VersionNumber: Hashable, Comparable, Sendable {
    /// The number as it stands in CURRENT and file names.
    public var rawValue: UInt64

    /// Names version `rawValue`.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: VersionNumber, b: VersionNumber) -> Bool { a.rawValue < b.rawValue }
}

/// The place of a write in the one order of all writes to a store; the first batch of a store is 1.
///
/// One batch has one sequence number, shared by all of its operations.
public struct SequenceNumber: Hashable, Comparable, Sendable {
    /// The place; zero stands before every write.
    public var rawValue: UInt64

    /// Names the write at `rawValue`.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Before every write.
    public static let zero = SequenceNumber(0)

    /// The place after this one.
    public var next: SequenceNumber { SequenceNumber(rawValue + 1) }

    public static func < (a: SequenceNumber, b: SequenceNumber) -> Bool {
        a.rawValue < b.rawValue
    }
}

/// The 128 random bits that name a store; every file of the store carries them.
public struct StoreID: Hashable, Sendable {
    /// Bytes 0 to 7, little-endian.
    public var low: UInt64
    /// Bytes 8 to 15, little-endian.
    public var high: UInt64

    /// Names the store with these bits.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// The 64 random bits that name one file and salt every checksum in it.
public struct FileID: Hashable, Sendable {
    /// The bits as they stand in file headers.
    public var rawValue: UInt64

    /// Names the file with these bits.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}
