// All bytes of a segment, once, in the order of the file: every checksum and the digest.

import VarveFormat
import VarveStorage

extension SegmentImage {
    /// What a scan has counted.
    struct ScanResult {
        var damagedBlocks: [BlockKey] = []
        /// Damaged blocks beyond those that are kept.
        var droppedCount = 0
        var checksumCount = 0
        var digest: Digest?
        /// Whether the observer ended the scan.
        var isPartial = false

        mutating func add(_ section: Int, _ block: Int) {
            if damagedBlocks.count < 16_384 {
                damagedBlocks.append(BlockKey(section: section, block: block))
            } else {
                droppedCount += 1
            }
        }
    }

    /// Bytes read at a time.
    static let windowByteCount = 1 << 20

    /// Reads everything and compares every checksum; causes are looked for afterwards.
    ///
    /// - Parameter willRead: Told of each read beforehand; answers whether to go on.
    func scan(_ willRead: (Int) -> Bool) throws(StorageError) -> ScanResult {
        var result = ScanResult()
        let digest = DigestStream()
        var offset: UInt64 = 0
        func take(_ count: Int) throws(StorageError) -> [UInt8]? {
            guard willRead(count) else { return nil }
            let window = try bytes(at: offset, count: count)
            unsafe window.withUnsafeBytes { unsafe digest.update($0) }
            offset += UInt64(window.count)
            return window
        }
        if hasDirectory {
            guard try take(SegmentBlocks.pageByteCount) != nil else {
                result.isPartial = true
                return result
            }
            for (section, entry) in entries.enumerated() {
                let size = entry.blockByteCount
                let run = max(1, Self.windowByteCount / size)
                var block = 0
                while block < entry.blockCount {
                    let end = min(block + run, entry.blockCount)
                    let range =
                        entry.blockRange(block).lowerBound..<entry.blockRange(end - 1).upperBound
                    guard let window = try take(range.count) else {
                        result.isPartial = true
                        return result
                    }
                    try compare(window, section, block..<end, &result)
                    block = end
                }
            }
        }
        while offset < byteCount {
            let count = Int(min(UInt64(Self.windowByteCount), byteCount - offset))
            guard try take(count) != nil else {
                result.isPartial = true
                return result
            }
        }
        result.digest = digest.digest()
        return result
    }

    private func compare(
        _ window: [UInt8], _ section: Int, _ blocks: Range<Int>, _ result: inout ScanResult
    ) throws(StorageError) {
        let entry = entries[section]
        let start = entry.blockRange(blocks.lowerBound).lowerBound
        for block in blocks {
            let range = entry.blockRange(block)
            let place = range.lowerBound - start..<range.upperBound - start
            guard place.upperBound <= window.count,
                let expected = try expectedChecksum(section: section, block: block)
            else {
                result.add(section, block)
                continue
            }
            let seed = SegmentBlocks.seed(file: salt, section: section, block: block)
            let found = unsafe window.withUnsafeBytes {
                unsafe checksum64(UnsafeRawBufferPointer(rebasing: $0[place]), seed: seed)
            }
            result.checksumCount += 1
            if found != expected { result.add(section, block) }
        }
    }
}
