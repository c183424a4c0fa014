// Finds the one bit that is wrong in bytes whose checksum is known.

import VarveFormat

/// A search for single flipped bits, with a bound on the work it does over its life.
struct BitFlipSearch {
    /// Bytes that may still be hashed.
    private var hashableByteCount: UInt64

    /// A search that hashes at most `byteCount` bytes in all.
    init(hashing byteCount: UInt64 = 24 << 30) { hashableByteCount = byteCount }

    /// The bit of `bytes` that, flipped, makes `matches` true: its byte and its place in it.
    ///
    /// `bytes` are as before when this returns. Nil also where the search would take too long.
    mutating func flip(
        in bytes: inout [UInt8], _ range: Range<Int>, matching matches: ([UInt8]) -> Bool
    ) -> (index: Int, bit: Int)? {
        let work = UInt64(range.count) * 8 * UInt64(bytes.count)
        guard work <= min(hashableByteCount, 6 << 30) else { return nil }
        hashableByteCount -= work
        for index in range {
            for bit in 0..<8 {
                bytes[index] ^= 1 << UInt8(bit)
                let isRight = matches(bytes)
                bytes[index] ^= 1 << UInt8(bit)
                if isRight { return (index, bit) }
            }
        }
        return nil
    }

    /// The bit of `bytes` that, flipped, gives them the checksum `expected` under `seed`.
    mutating func flip(
        in bytes: inout [UInt8], expected: UInt64, seed: UInt64
    ) -> (index: Int, bit: Int)? {
        flip(in: &bytes, bytes.indices) { checksum64($0, seed: seed) == expected }
    }

    /// What happened to `bytes`, which stand at `offset` of a file and whose checksum, at
    /// `checksumOffset` of it, is `expected`.
    ///
    /// Bytes from `contentByteCount` on are zeros by right.
    mutating func diagnose(
        _ bytes: inout [UInt8], at offset: UInt64, expected: UInt64, seed: UInt64,
        checksumOffset: UInt64, contentByteCount: Int = .max
    ) -> Damage? {
        let difference = checksum64(bytes, seed: seed) ^ expected
        if difference.nonzeroBitCount == 1 {
            let place = difference.trailingZeroBitCount
            return .checksumFlip(offset: checksumOffset + UInt64(place / 8), bit: place % 8)
        }
        if bytes.allSatisfy({ $0 == 0 }) {
            return .zeroed(offset..<offset + UInt64(bytes.count))
        }
        if let (index, bit) = flip(in: &bytes, expected: expected, seed: seed) {
            return .bitFlip(offset: offset + UInt64(index), bit: bit)
        }
        let content = Array(bytes.prefix(contentByteCount))
        return Self.zeroRun(content, at: offset).map { .zeroed($0) }
    }

    /// The longest run of whole zero sectors (512 bytes) in `bytes` that others stand beside, as
    /// offsets of the file; a guess, where nothing else explains a wrong checksum.
    static func zeroRun(_ bytes: [UInt8], at offset: UInt64) -> Range<UInt64>? {
        let sector = 512
        var best = 0..<0
        var start: Int?
        for place in stride(from: 0, to: bytes.count + sector, by: sector) {
            let end = min(place + sector, max(place, bytes.count))
            let isZero = place < end && bytes[place..<end].allSatisfy { $0 == 0 }
            if isZero {
                start = start ?? place
            } else if let first = start {
                let run = first..<min(place, bytes.count)
                if run.count > best.count { best = run }
                start = nil
            }
        }
        guard best.count >= sector, best.count < bytes.count else { return nil }
        return offset + UInt64(best.lowerBound)..<offset + UInt64(best.upperBound)
    }
}

extension BitFlipSearch {
    /// What is wrong with a file that ends with its length and one checksum over all of it.
    static func damage(ofWhole bytes: inout [UInt8], _ kind: FileKind) -> Damage {
        var flips = BitFlipSearch()
        let count = bytes.count
        guard count > 0, bytes.contains(where: { $0 != 0 }) else {
            return .zeroed(0..<UInt64(count))
        }
        guard count > FileHeader.byteCount + 16 else { return .unknown }
        func header(_ bytes: [UInt8]) -> FileHeader? {
            // Safety: every pattern of bits is a byte.
            try? FileHeader(decoding: unsafe bytes.span.bytes, expecting: kind)
        }
        guard let head = header(bytes) else {
            var part = Array(bytes[..<FileHeader.byteCount])
            if part.allSatisfy({ $0 == 0 }) { return .zeroed(0..<UInt64(part.count)) }
            let range = part.indices
            return flips.flip(in: &part, range) { header($0) != nil }
                .map { .bitFlip(offset: UInt64($0.index), bit: $0.bit) } ?? .unknown
        }
        let expected = SegmentImage.word(bytes, count - 8)
        var body = Array(bytes[..<(count - 8)])
        let seed = checksumSeed(file: head.file, section: 0, block: 0)
        if checksum64(body, seed: seed) == expected {
            return .staleVersion("the bytes are whole, but not those that are named")
        }
        return flips.diagnose(
            &body, at: 0, expected: expected, seed: seed, checksumOffset: UInt64(count - 8))
            ?? .unknown
    }

    /// The bytes of such a file with its one flipped bit put right; nil if it is not that.
    static func mended(_ bytes: [UInt8], _ damage: Damage) -> [UInt8]? {
        switch damage {
        case .bitFlip(let offset, let bit), .checksumFlip(let offset, let bit):
            var copy = bytes
            copy[Int(offset)] ^= 1 << UInt8(bit)
            return copy
        default: return nil
        }
    }
}
