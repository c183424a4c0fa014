// Damage at rest: what becomes of bytes while nobody looks.

import Synchronization
public import VarveStorage

/// Damage to one file.
public enum DiskDamage: Hashable, Sendable {
    /// Bit `bit` (0 to 7) of the byte at `offset` is the other one.
    case flipBit(offset: Int, bit: Int)
    /// The byte at `offset` is `value`.
    case setByte(offset: Int, value: UInt8)
    /// The bytes in the range are zero.
    case zero(Range<Int>)
    /// The file ends here.
    case truncate(byteCount: Int)
    /// The file goes on with these bytes.
    case append([UInt8])
    /// The blocks of this size at two offsets have changed places.
    case swapBlocks(Int, Int, byteCount: Int)
    /// These bytes stand at this offset, as after a write meant for another file.
    case overwrite(offset: Int, bytes: [UInt8])
}

extension SimulatedFileSystem {
    /// Damages the file at `path`, for reads and for every crash to come; no operation is counted.
    ///
    /// What was not synced becomes durable first. Offsets outside of the file do nothing.
    ///
    /// - Returns: Whether any byte or the length has changed.
    @discardableResult
    public func damage(_ path: FilePath, _ damage: DiskDamage) -> Bool {
        state.withLock { state in
            guard let file = state.file(path) else { return false }
            let before = file.live.allBytes
            let after = damage.applied(to: before)
            guard after != before else { return false }
            var bytes = PagedBytes()
            bytes.write(after[...], at: 0)
            file.durable = bytes
            file.revert()
            return true
        }
    }
}

extension DiskDamage {
    /// `bytes` after the damage.
    func applied(to bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        switch self {
        case .flipBit(let offset, let bit):
            if result.indices.contains(offset) { result[offset] ^= 1 << UInt8(bit) }
        case .setByte(let offset, let value):
            if result.indices.contains(offset) { result[offset] = value }
        case .zero(let range):
            for index in range.clamped(to: 0..<bytes.count) { result[index] = 0 }
        case .truncate(let byteCount): result.removeLast(max(0, bytes.count - byteCount))
        case .append(let more): result += more
        case .swapBlocks(let first, let second, let byteCount):
            guard first >= 0, second >= 0, max(first, second) + byteCount <= bytes.count else {
                break
            }
            for index in 0..<byteCount { result.swapAt(first + index, second + index) }
        case .overwrite(let offset, let more):
            for (index, byte) in more.enumerated() where bytes.indices.contains(offset + index) {
                result[offset + index] = byte
            }
        }
        return result
    }
}
