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
    static let windowByteCount = ReadAhead.windowByteCount

    /// Bytes that are read together, and the blocks they are.
    private struct ScanWindow {
        var range: Range<UInt64>
        var section = 0
        var blocks = 0..<0
    }

    /// The whole file, front to back: its first page, its sections in runs of blocks, the rest.
    private func scanWindows() -> [ScanWindow] {
        var windows: [ScanWindow] = []
        var offset: UInt64 = 0
        func take(_ count: Int, _ section: Int = 0, _ blocks: Range<Int> = 0..<0) {
            let end = min(byteCount, offset + UInt64(count))
            windows.append(
                ScanWindow(range: min(offset, end)..<end, section: section, blocks: blocks))
            offset = end
        }
        if hasDirectory {
            take(SegmentBlocks.pageByteCount)
            for (section, entry) in entries.enumerated() {
                let run = max(1, Self.windowByteCount / entry.blockByteCount)
                for first in stride(from: 0, to: entry.blockCount, by: run) {
                    let blocks = first..<min(first + run, entry.blockCount)
                    let start = entry.blockRange(blocks.lowerBound).lowerBound
                    take(
                        entry.blockRange(blocks.upperBound - 1).upperBound - start, section,
                        blocks)
                }
            }
        }
        while offset < byteCount { take(Self.windowByteCount) }
        return windows
    }

    /// Reads everything and compares every checksum; causes are looked for afterwards.
    ///
    /// - Parameter willRead: Told of each read beforehand; answers whether to go on.
    func scan(_ willRead: (Int) -> Bool) throws(StorageError) -> ScanResult {
        var result = ScanResult()
        let digest = DigestStream()
        let windows = scanWindows()
        let reader = try ReadAhead(fileSystem, path, windows: windows.map(\.range))
        for window in windows {
            guard willRead(window.range.count) else {
                result.isPartial = true
                return result
            }
            try unsafe reader.next { (bytes) throws(StorageError) in
                unsafe digest.update(bytes)
                unsafe try compare(bytes, window.section, window.blocks, &result)
            }
        }
        result.digest = digest.digest()
        return result
    }

    /// Compares blocks that stand at the front of `window`; those it has no room for are missing.
    private func compare(
        _ window: UnsafeRawBufferPointer, _ section: Int, _ blocks: Range<Int>,
        _ result: inout ScanResult
    ) throws(StorageError) {
        guard !blocks.isEmpty else { return }
        let entry = entries[section]
        let start = entry.blockRange(blocks.lowerBound).lowerBound
        var checksums: (page: Int, values: [UInt64]?) = (-1, nil)
        for block in blocks {
            let range = entry.blockRange(block)
            let place = range.lowerBound - start..<range.upperBound - start
            var expected: UInt64? = entry.checksum
            if entry.tablePageCount > 0 {
                let (page, slot) = block.quotientAndRemainder(
                    dividingBy: SegmentBlocks.checksumsPerPage)
                if checksums.page != page { checksums = (page, try tablePage(section, page)) }
                expected = checksums.values?[slot]
            }
            guard place.upperBound <= window.count, let expected else {
                result.add(section, block)
                continue
            }
            let seed = SegmentBlocks.seed(file: salt, section: section, block: block)
            let sum = unsafe checksum64(
                UnsafeRawBufferPointer(rebasing: window[place]), seed: seed)
            result.checksumCount += 1
            if sum != expected { result.add(section, block) }
        }
    }
}
