// Blocks of a segment that may be damaged: checked, explained, put right.

import VarveFormat
public import VarveStorage

extension SegmentImage {
    /// The checksum that a block should have; nil if the table page that has it is damaged.
    ///
    /// - Throws: ``StorageError`` if the table cannot be read.
    public func expectedChecksum(
        section: Int, block: Int
    ) throws(StorageError) -> UInt64? {
        let entry = entries[section]
        if entry.tablePageCount == 0 { return entry.checksum }
        let (page, slot) = block.quotientAndRemainder(
            dividingBy: SegmentBlocks.checksumsPerPage)
        return try tablePage(section, page)?[slot]
    }

    /// The checksums of a page of a section's table; nil if it is damaged beyond one bit.
    func tablePage(_ section: Int, _ page: Int) throws(StorageError) -> [UInt64]? {
        let key = TableKey(section: section, page: page)
        if let known = tablePages[key] { return known }
        let offset = tableOffset(section, page)
        var bytes = try bytes(at: offset, count: SegmentBlocks.pageByteCount)
        var values: [UInt64]?
        if bytes.count == SegmentBlocks.pageByteCount {
            if let damage = tableDamage(section, page, &bytes) {
                note(
                    .checksum, "checksums of \(entries[section].name)", offset,
                    UInt64(bytes.count), damage,
                    "checksum of table page \(page) does not match")
                if case .bitFlip(let at, let bit) = damage {
                    bytes[Int(at - offset)] ^= 1 << UInt8(bit)
                    values = Self.words(bytes)
                } else if case .checksumFlip = damage {
                    values = Self.words(bytes)
                }
            } else {
                values = Self.words(bytes)
            }
        }
        if tablePages.count >= 64 { tablePages.removeAll() }
        tablePages[key] = .some(values)
        return values
    }

    private func tableOffset(_ section: Int, _ page: Int) -> UInt64 {
        entries[section].tableOffset + UInt64(page * SegmentBlocks.pageByteCount)
    }

    /// What is wrong with a table page; nil if nothing is.
    private func tableDamage(_ section: Int, _ page: Int, _ bytes: inout [UInt8]) -> Damage? {
        let end = SegmentBlocks.checksumsPerPage * 8
        let seed = SegmentBlocks.tableSeed(file: salt, section: section, page: page)
        let expected = Self.word(bytes, end)
        var body = Array(bytes[..<end])
        guard checksum64(body, seed: seed) != expected else { return nil }
        if bytes.allSatisfy({ $0 == 0 }) {
            let offset = tableOffset(section, page)
            return .zeroed(offset..<offset + UInt64(bytes.count))
        }
        let offset = tableOffset(section, page)
        return flips.diagnose(
            &body, at: offset, expected: expected, seed: seed,
            checksumOffset: offset + UInt64(end)) ?? .unknown
    }

    static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        (0..<SegmentBlocks.checksumsPerPage).map { word(bytes, $0 * 8) }
    }

    /// The bytes of a block as they stand on the disk; fewer than it has where the file ends.
    func rawBlock(_ section: Int, _ block: Int) throws(StorageError) -> [UInt8] {
        let range = entries[section].blockRange(block)
        return try bytes(
            at: entries[section].offset + UInt64(range.lowerBound), count: range.count)
    }

    /// A block, and what is known of it.
    ///
    /// - Parameter explains: Whether to look for the cause of a wrong checksum, which takes
    ///   milliseconds to seconds; without it nothing is corrected either.
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func block(
        section: Int, block: Int, explains: Bool = true
    ) throws(StorageError) -> (bytes: [UInt8], state: BlockState) {
        var bytes = try rawBlock(section, block)
        let range = entries[section].blockRange(block)
        guard bytes.count == range.count else { return (bytes, .missing) }
        guard let expected = try expectedChecksum(section: section, block: block) else {
            return (bytes, .unverifiable)
        }
        let seed = SegmentBlocks.seed(file: salt, section: section, block: block)
        if checksum64(bytes, seed: seed) == expected { return (bytes, .whole) }
        guard explains else { return (bytes, .damaged(nil)) }
        let offset = entries[section].offset + UInt64(range.lowerBound)
        let damage = flips.diagnose(
            &bytes, at: offset, expected: expected, seed: seed,
            checksumOffset: checksumOffset(section, block),
            contentByteCount: max(0, Int(entries[section].byteCount) - range.lowerBound))
        switch damage {
        case .bitFlip(let at, let bit)?:
            bytes[Int(at - offset)] ^= 1 << UInt8(bit)
            return (bytes, .corrected(.bitFlip(offset: at, bit: bit)))
        case .checksumFlip?: return (bytes, .corrected(damage ?? .unknown))
        default: return (bytes, .damaged(damage))
        }
    }

    /// Where the checksum of a block stands in the file.
    private func checksumOffset(_ section: Int, _ block: Int) -> UInt64 {
        let entry = entries[section]
        if entry.tablePageCount == 0 {
            return (footer?.directoryOffset ?? 0)
                + UInt64(8 + section * SegmentDirectory.entryByteCount + 64)
        }
        let (page, slot) = block.quotientAndRemainder(
            dividingBy: SegmentBlocks.checksumsPerPage)
        return tableOffset(section, page) + UInt64(slot * 8)
    }

    /// The bytes in `range` of a section, if every block they touch is whole or was put right.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func verifiedBytes(
        section: Int, _ range: Range<Int>
    ) throws(StorageError) -> [UInt8]? {
        let entry = entries[section]
        guard range.lowerBound >= 0, range.upperBound <= Int(entry.byteCount) else { return nil }
        guard !range.isEmpty else { return [] }
        let size = entry.blockByteCount
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        for number in range.lowerBound / size...(range.upperBound - 1) / size {
            guard let bytes = try cachedBlock(section, number) else { return nil }
            let start = max(range.lowerBound, number * size) - number * size
            let end = min(range.upperBound, (number + 1) * size) - number * size
            result += bytes[start..<end]
        }
        return result
    }

    private func cachedBlock(_ section: Int, _ number: Int) throws(StorageError) -> [UInt8]? {
        let key = BlockKey(section: section, block: number)
        if let known = blocks[key] { return known }
        let (bytes, state) = try block(section: section, block: number)
        var kept: [UInt8]?
        switch state {
        case .whole: kept = bytes
        case .corrected:
            kept = bytes
            correctedBlockCount += 1
        case .damaged, .unverifiable, .missing: kept = nil
        }
        if blocks.count >= Self.cachedBlockLimit { blocks.removeAll(keepingCapacity: true) }
        blocks[key] = .some(kept)
        return kept
    }

    /// The place in this file whose block `bytes` are, if they stand in the wrong one.
    func foreignPlace(
        of bytes: [UInt8], hashing limit: inout UInt64
    ) throws(StorageError) -> (section: Int, block: Int)? {
        for (section, entry) in entries.enumerated() {
            for block in 0..<entry.blockCount
            where entry.blockRange(block).count == bytes.count {
                guard limit >= UInt64(bytes.count) else { return nil }
                limit -= UInt64(bytes.count)
                guard let expected = try expectedChecksum(section: section, block: block) else {
                    continue
                }
                let seed = SegmentBlocks.seed(file: salt, section: section, block: block)
                if checksum64(bytes, seed: seed) == expected { return (section, block) }
            }
        }
        return nil
    }
}
