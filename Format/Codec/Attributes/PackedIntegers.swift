// Whole numbers of a fixed width in bits, one behind the other.

/// Where packed numbers stand in some bytes.
///
/// Number i takes the bits from i × width on, counted from the lowest bit of the first byte; the
/// whole is filled up with zero bits to a multiple of 64.
struct PackedIntegers: Sendable {
    /// Where they begin.
    var offset: Int
    /// How many there are.
    var count: Int
    /// Bits of each, 0 to 64.
    var width: Int

    /// Bytes they take.
    var byteCount: Int { Self.byteCount(count: count, width: width) }

    static func byteCount(count: Int, width: Int) -> Int { (count * width + 63) / 64 * 8 }

    /// Bits needed for numbers up to `maximum`.
    static func width(maximum: UInt64) -> Int { 64 - maximum.leadingZeroBitCount }

    /// Appends `values`, each below 2 to the power of `width`.
    static func append(_ values: [UInt64], width: Int, to writer: inout ByteWriter) {
        guard width > 0 else { return }
        var word: UInt64 = 0
        var filled = 0
        for value in values {
            word |= value << UInt64(filled)
            filled += width
            guard filled >= 64 else { continue }
            writer.append(word)
            filled -= 64
            word = filled == 0 ? 0 : value >> UInt64(width - filled)
        }
        if filled > 0 { writer.append(word) }
    }

    /// Number `index`, in the bytes that begin at `base`.
    @inline(__always)
    func value(_ index: Int, in base: UnsafeRawBufferPointer) -> UInt64 {
        guard width > 0 else { return 0 }
        let bit = index * width
        let shift = UInt64(bit & 63)
        let place = offset + (bit >> 6) * 8
        var value = unsafe Self.word(base, place) >> shift
        // What a shift by 64 or more brings is zero.
        if Int(shift) + width > 64 { value |= unsafe Self.word(base, place + 8) << (64 - shift) }
        return width == 64 ? value : value & ((1 << UInt64(width)) - 1)
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
        // Safety: the buffer checks the range, in release too, by this precondition.
        precondition(place >= 0 && place + 8 <= base.count)
        return unsafe UInt64(
            littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    /// All numbers.
    func values(in bytes: [UInt8]) -> [UInt64] {
        unsafe bytes.withUnsafeBytes { base in
            var values: [UInt64] = []
            values.reserveCapacity(count)
            for index in 0..<count { values.append(unsafe value(index, in: base)) }
            return values
        }
    }

    /// Moves `reader` over `count` numbers of `width` bits.
    init(skipping reader: inout ByteReader, count: Int, width: Int) throws(FormatError) {
        guard (0...64).contains(width) else {
            throw reader.error(.invalidValue, "\(width) bits a number")
        }
        self.count = count
        self.width = width
        offset = try reader.skip(Self.byteCount(count: count, width: width))
        let used = count * width % 64
        guard used > 0 else { return }
        let numbers = self
        let last = unsafe reader.bytes.withUnsafeBytes { base in
            unsafe Self.word(base, numbers.offset + numbers.byteCount - 8)
        }
        guard last >> UInt64(used) == 0 else {
            throw reader.error(.invalidValue, "bits behind the last number are not zero")
        }
    }
}
