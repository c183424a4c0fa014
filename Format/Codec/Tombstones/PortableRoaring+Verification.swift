// The walk over a serialised set that makes it safe to hand to the C library.

extension PortableRoaring {
    /// What the walk has found.
    struct Summary {
        var count = 0
        var last: UInt32?
    }

    /// Checks that the rest of `reader` is one set in the portable form, and nothing else.
    ///
    /// Allocates at most 520 KiB whatever the bytes say.
    static func verify(_ reader: inout ByteReader) throws(FormatError) -> Summary {
        let start = reader.offset
        let (containerCount, runFlags) = try readCookie(&reader)
        var keys: [(key: UInt16, count: Int)] = []
        keys.reserveCapacity(containerCount)
        for _ in 0..<containerCount {
            let key = try reader.readUInt16()
            if let before = keys.last, before.key >= key {
                throw reader.error(.invalidValue, "container keys do not ascend")
            }
            keys.append((key, Int(try reader.readUInt16()) + 1))
        }
        var offsets: [UInt32] = []
        if runFlags == nil || containerCount >= offsetThreshold {
            offsets.reserveCapacity(containerCount)
            for _ in 0..<containerCount { offsets.append(try reader.readUInt32()) }
        }
        var summary = Summary()
        for (index, container) in keys.enumerated() {
            guard offsets.isEmpty || Int(offsets[index]) == reader.offset - start else {
                throw reader.error(.invalidValue, "container \(index) is not at its offset")
            }
            let isRuns = runFlags.map { $0[index / 8] >> UInt8(index % 8) & 1 == 1 } ?? false
            let last: UInt16
            if isRuns {
                last = try verifyRuns(&reader, count: container.count)
            } else if container.count <= maximumArrayCount {
                last = try verifyArray(&reader, count: container.count)
            } else {
                last = try verifyBitset(&reader, count: container.count)
            }
            summary.count += container.count
            summary.last = UInt32(container.key) << 16 | UInt32(last)
        }
        try reader.expectEnd()
        return summary
    }

    /// Reads the number of containers, and one flag for each if any of them is runs.
    private static func readCookie(
        _ reader: inout ByteReader
    ) throws(FormatError) -> (containerCount: Int, runFlags: [UInt8]?) {
        let cookie = try reader.readUInt32()
        if cookie == cookieWithoutRuns {
            let count = try reader.readUInt32()
            guard count <= 65_536, Int(count) * 8 <= reader.remaining else {
                throw reader.error(.invalidValue, "\(count) containers do not fit")
            }
            return (Int(count), nil)
        }
        guard UInt16(truncatingIfNeeded: cookie) == cookieWithRuns else {
            throw reader.error(.invalidValue, "not a row set: cookie \(cookie)")
        }
        let count = Int(cookie >> 16) + 1
        let flags = try reader.readBytes((count + 7) / 8)
        guard count * 4 <= reader.remaining else {
            throw reader.error(.invalidValue, "\(count) containers do not fit")
        }
        if count % 8 != 0, flags[count / 8] >> UInt8(count % 8) != 0 {
            throw reader.error(.invalidValue, "a run flag without a container")
        }
        return (count, flags)
    }

    private static func verifyArray(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> UInt16 {
        var last = try reader.readUInt16()
        for _ in 1..<count {
            let value = try reader.readUInt16()
            guard value > last else {
                throw reader.error(.invalidValue, "values of an array do not ascend")
            }
            last = value
        }
        return last
    }

    private static func verifyBitset(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> UInt16 {
        var found = 0
        var last = 0
        for index in 0..<bitsetByteCount / 8 {
            let word = try reader.readUInt64()
            found += word.nonzeroBitCount
            if word != 0 { last = index * 64 + 63 - word.leadingZeroBitCount }
        }
        guard found == count else {
            throw reader.error(.invalidValue, "a bitset has \(found) values, not \(count)")
        }
        return UInt16(last)
    }

    private static func verifyRuns(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> UInt16 {
        let runCount = try reader.readUInt16()
        guard runCount > 0 else { throw reader.error(.invalidValue, "a container of no runs") }
        var found = 0
        var end = -1
        for _ in 0..<runCount {
            let first = Int(try reader.readUInt16())
            let length = Int(try reader.readUInt16()) + 1
            // Runs that touch would be one run.
            guard end < 0 || first > end, first + length <= 65_536 else {
                throw reader.error(.invalidValue, "runs overlap, touch or do not ascend")
            }
            end = first + length
            found += length
        }
        guard found == count else {
            throw reader.error(.invalidValue, "runs have \(found) values, not \(count)")
        }
        return UInt16(end - 1)
    }
}

extension RowSet {
    /// The set in the portable form; equal sets give equal bytes.
    public func encoded() -> [UInt8] { PortableRoaring.encode(ordinals) }

    /// The portable form of the set of `ordinals`, which must be strictly ascending, without
    /// making the set.
    public static func encode(ascending ordinals: [UInt32]) -> [UInt8] {
        PortableRoaring.encode(ordinals)
    }

    /// Reads a set in the portable form from bytes that may be damaged.
    ///
    /// - Parameter rowCount: Rows of the segment; every row of the set must be below it.
    /// - Throws: ``FormatError``: `truncated`, or `invalidValue` for anything that is not such a
    ///   set.
    public init(
        decoding bytes: RawSpan, rowCount: Int, section: String, baseOffset: UInt64 = 0
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: section, baseOffset: baseOffset)
        let summary = try PortableRoaring.verify(&reader)
        guard let last = summary.last else {
            self.init()
            return
        }
        guard Int(last) < rowCount else {
            throw reader.error(.invalidValue, "row \(last) of a segment of \(rowCount) rows")
        }
        self = unsafe bytes.withUnsafeBytes { unsafe RowSet(verified: $0) }
    }

    /// Reads a set in the portable form from an array of bytes that may be damaged.
    public init(
        decoding bytes: [UInt8], rowCount: Int, section: String, baseOffset: UInt64 = 0
    ) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        try self.init(
            decoding: unsafe bytes.span.bytes, rowCount: rowCount, section: section,
            baseOffset: baseOffset)
    }
}
