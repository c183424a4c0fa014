// XXH3, seeded, so that right bytes in the wrong place fail like wrong bytes.
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

internal import CXXHash

/// XXH3-64 of `bytes` under `seed`.
public func checksum64(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    unsafe XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, seed)
}

/// XXH3-64 of `bytes` under `seed`.
public func checksum64(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe checksum64($0, seed: seed) }
}

/// XXH3-64 of `bytes` under `seed`.
public func checksum64(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe checksum64($0, seed: seed) }
}

/// The seed of the checksum of one block: file, section and place, mixed.
///
/// The mix is the 64-bit finaliser of SplitMix64 over the three numbers, one after the other.
public func checksumSeed(file: FileID, section: UInt32, block: UInt64) -> UInt64 {
    var seed = splitMix64(file.rawValue)
    seed = splitMix64(seed ^ UInt64(section))
    return splitMix64(seed ^ block)
}

/// One step of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that mixes all bits.
public func splitMix64(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}

/// A 128-bit digest of a whole file.
public struct Digest: Hashable, Sendable {
    /// The low half of XXH3-128.
    public var low: UInt64
    /// The high half of XXH3-128.
    public var high: UInt64

    /// A digest of these halves.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The digest of `bytes` (XXH3-128, seed 0).
    public init(of bytes: [UInt8]) {
        let hash = unsafe bytes.withUnsafeBytes { unsafe XXH3_128bits($0.baseAddress, $0.count) }
        self.init(low: hash.low64, high: hash.high64)
    }
}

/// A digest computed piece by piece, while a file is written or read.
@safe public final class DigestStream {
    private let state: OpaquePointer

    /// A stream that has seen no bytes.
    public init() {
        guard let state = unsafe XXH3_createState() else { fatalError("out of memory") }
        unsafe self.state = state
        unsafe XXH3_128bits_reset(state)
    }

    deinit { unsafe XXH3_freeState(state) }

    /// Adds the next bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
    }

    /// The digest of all bytes so far; more may follow.
    public func digest() -> Digest {
        let hash = unsafe XXH3_128bits_digest(state)
        return Digest(low: hash.low64, high: hash.high64)
    }
}
