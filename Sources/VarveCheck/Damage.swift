// What happened to bytes whose checksum does not match.

/// How bytes came to be wrong, as far as the checksums can tell.
public enum Damage: Hashable, Sendable {
    /// With bit `bit` (0 to 7) of the byte at `offset` of the file flipped, the checksum matches.
    case bitFlip(offset: UInt64, bit: Int)
    /// The bytes are whole; one bit of their checksum, at `offset` of the file, is the other one.
    case checksumFlip(offset: UInt64, bit: Int)
    /// These bytes, offsets in the file, are zeros.
    case zeroed(Range<UInt64>)
    /// The file ends too early by so many bytes.
    case truncated(byteCount: UInt64)
    /// The file goes on behind its end by so many bytes.
    case extended(byteCount: UInt64)
    /// The bytes are those of another place: its file, section and block.
    case foreignBlock(file: String, section: String, block: Int)
    /// The bytes are whole and those of an earlier or other version.
    case staleVersion(String)
    /// None of these.
    case unknown
}

extension Damage: CustomStringConvertible {
    /// The class of damage, one word.
    public var name: String {
        switch self {
        case .bitFlip, .checksumFlip: "bit flip"
        case .zeroed: "zeroed"
        case .truncated: "truncated"
        case .extended: "extended"
        case .foreignBlock: "foreign block"
        case .staleVersion: "stale version"
        case .unknown: "unknown"
        }
    }

    public var description: String {
        switch self {
        case .bitFlip(let offset, let bit): "bit \(bit) of byte \(offset) is flipped"
        case .checksumFlip(let offset, let bit):
            "bit \(bit) of byte \(offset), in the checksum, is flipped"
        case .zeroed(let range) where range.isEmpty: "there are no bytes"
        case .zeroed(let range): "bytes \(range.lowerBound) to \(range.upperBound - 1) are zeros"
        case .truncated(let count): "\(count) bytes are missing at the end"
        case .extended(let count): "\(count) bytes too many at the end"
        case .foreignBlock(let file, let section, let block):
            "the bytes of block \(block) of \(section) in \(file) stand here"
        case .staleVersion(let what): "stale: \(what)"
        case .unknown: "no single flip, zeros or other place explains it"
        }
    }
}
