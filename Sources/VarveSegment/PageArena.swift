// Memory for the pages of one search, used again by the next.

import VarveStorage

/// Frames for pages, handed out one after the other and taken back all at once.
///
/// Grows by 256 KiB as searches need it, up to 4 MiB and at least 64 frames.
@safe final class PageArena {
    private var chunks: [MemoryRegion] = []
    private var chunk = 0
    private var fill = 0

    private static let chunkByteCount = 256 << 10
    private static let byteLimit = 4 << 20
    private static let leastFrameCount = 64

    /// The next frame of `byteCount` bytes, aligned to 4,096; nil where the limit is reached.
    func frame(byteCount: Int) throws(SegmentError) -> UnsafeMutableRawBufferPointer? {
        while true {
            if chunk < chunks.count, chunks[chunk].byteCount - fill >= byteCount {
                let start = fill
                fill += byteCount
                return unsafe UnsafeMutableRawBufferPointer(
                    rebasing: chunks[chunk].bytes[start..<fill])
            }
            if chunk + 1 < chunks.count {
                chunk += 1
                fill = 0
                continue
            }
            let size = max(Self.chunkByteCount, byteCount)
            let limit = max(Self.byteLimit, Self.leastFrameCount * byteCount)
            guard (chunks.count + 1) * size <= limit else { return nil }
            let region = try storing { () throws(StorageError) in
                try MemoryRegion(byteCount: size)
            }
            chunks.append(region)
            chunk = chunks.count - 1
            fill = 0
        }
    }

    /// Gives all memory back: what it was cut into may not suit the frames that come.
    func removeAll() {
        chunks = []
        releaseAll()
    }

    /// Takes all frames back.
    func releaseAll() {
        chunk = 0
        fill = 0
    }
}
