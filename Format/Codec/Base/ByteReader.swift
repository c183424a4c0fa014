// The one way bytes become values: every read is checked against the end of the buffer.

/// A cursor over bytes that may be damaged: it throws where they end, and never traps.
public struct ByteReader: ~Escapable {
    /// The whole buffer.
    public let bytes: RawSpan
    /// Bytes read so far.
    public private(set) var offset = 0
    /// The structure being read, for errors.
    public let section: String
    /// Where the buffer stands in its file, for errors.
    public let baseOffset: UInt64

    /// A cursor at the beginning of `bytes`, which stand at `baseOffset` in their file.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, section: String, baseOffset: UInt64 = 0) {
        self.bytes = bytes
        self.section = section
        self.baseOffset = baseOffset
    }

    /// Bytes not read yet.
    public var remaining: Int { bytes.byteCount - offset }

    /// An error at the cursor.
    public func error(_ kind: FormatError.Kind, _ detail: String) -> FormatError {
        FormatError(kind, section: section, offset: baseOffset + UInt64(offset), detail: detail)
    }

    /// Moves the cursor over the next `count` bytes and gives the offset they begin at.
    @_lifetime(self: copy self)
    public mutating func skip(_ count: Int) throws(FormatError) -> Int {
        guard count >= 0, count <= remaining else {
            throw error(.truncated, "needs \(count) bytes, has \(remaining)")
        }
        defer { offset += count }
        return offset
    }

    /// Reads one byte.
    @_lifetime(self: copy self)
    public mutating func readUInt8() throws(FormatError) -> UInt8 {
        try readInteger(UInt8.self)
    }

    /// Reads two bytes, little-endian.
    @_lifetime(self: copy self)
    public mutating func readUInt16() throws(FormatError) -> UInt16 {
        try readInteger(UInt16.self)
    }

    /// Reads four bytes, little-endian.
    @_lifetime(self: copy self)
    public mutating func readUInt32() throws(FormatError) -> UInt32 {
        try readInteger(UInt32.self)
    }

    /// Reads eight bytes, little-endian.
    @_lifetime(self: copy self)
    public mutating func readUInt64() throws(FormatError) -> UInt64 {
        try readInteger(UInt64.self)
    }

    /// Reads four bytes as IEEE 754 binary32.
    @_lifetime(self: copy self)
    public mutating func readFloat() throws(FormatError) -> Float {
        Float(bitPattern: try readUInt32())
    }

    /// Reads eight bytes as IEEE 754 binary64.
    @_lifetime(self: copy self)
    public mutating func readDouble() throws(FormatError) -> Double {
        Double(bitPattern: try readUInt64())
    }

    /// Reads a varint; refuses more than 64 bits and needless trailing groups.
    @_lifetime(self: copy self)
    public mutating func readVarint() throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readUInt8()
            guard shift < 63 || byte <= 1 else { throw error(.invalidValue, "varint too long") }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 {
                guard byte != 0 || shift == 0 else {
                    throw error(.invalidValue, "varint not in its shortest form")
                }
                return value
            }
            shift += 7
        }
    }

    /// Reads a varint that must be at most `limit`, for counts that drive an allocation.
    @_lifetime(self: copy self)
    public mutating func readCount(
        limit: Int, _ what: @autoclosure () -> String
    ) throws(FormatError) -> Int {
        let value = try readVarint()
        guard value <= UInt64(limit) else {
            throw error(.invalidValue, "\(what()) is \(value), at most \(limit) allowed")
        }
        return Int(value)
    }

    /// Reads a zigzag varint.
    @_lifetime(self: copy self)
    public mutating func readZigzag() throws(FormatError) -> Int64 {
        let value = try readVarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Reads `count` bytes into an array of their own.
    @_lifetime(self: copy self)
    public mutating func readBytes(_ count: Int) throws(FormatError) -> [UInt8] {
        let start = try skip(count)
        let part = bytes.extracting(start..<start + count)
        return unsafe part.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Reads UTF-8 text behind its byte count; refuses bytes that are not UTF-8.
    @_lifetime(self: copy self)
    public mutating func readText(
        limit: Int, _ what: @autoclosure () -> String
    ) throws(FormatError) -> String {
        let count = try readCount(limit: min(limit, max(remaining, 0)), "length of \(what())")
        let start = try skip(count)
        let part = bytes.extracting(start..<start + count)
        let text = unsafe part.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
        guard let text else { throw error(.invalidValue, "\(what()) is not UTF-8") }
        return text
    }

    /// Reads zeros until the cursor stands at a multiple of `alignment`; refuses anything else.
    @_lifetime(self: copy self)
    public mutating func readPadding(toMultipleOf alignment: Int) throws(FormatError) {
        while offset % alignment != 0 {
            guard try readUInt8() == 0 else { throw error(.invalidValue, "padding is not zero") }
        }
    }

    /// Refuses bytes behind the last value.
    public func expectEnd() throws(FormatError) {
        guard remaining == 0 else { throw error(.invalidValue, "\(remaining) bytes too many") }
    }

    @_lifetime(self: copy self)
    private mutating func readInteger<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type
    ) throws(FormatError) -> T {
        let start = try skip(MemoryLayout<T>.size)
        // Safety: skip has checked that all bytes of the integer are there; any bits are an
        // integer.
        return unsafe T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: T.self))
    }
}
