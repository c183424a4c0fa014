// A segment file whose values are wrong and whose checksums are right.

package import VarveFormat

/// A whole segment file, to change bytes in behind the back of its checksums.
///
/// Random bytes stop at the first checksum. Here every checksum over a changed byte is made to fit
/// again, so that what lies behind them meets the changes: a reader may trust no value.
package struct ResealedSegment: Sendable {
    private let original: [UInt8]
    private let sealed: SegmentRecord
    private let entries: [SegmentSectionEntry]
    private let directoryOffset: Int

    /// The file `bytes`, which must be the segment that `record` describes.
    package init(_ bytes: [UInt8], _ record: SegmentRecord) throws(FormatError) {
        original = bytes
        sealed = record
        let end = bytes.count - SegmentFooter.byteCount
        let footer = unsafe try SegmentFooter(
            decoding: bytes.span.bytes.extracting(end..<bytes.count), file: record.file,
            fileByteCount: UInt64(bytes.count))
        directoryOffset = Int(footer.directoryOffset)
        entries = unsafe try SegmentDirectory(
            decoding: bytes.span.bytes.extracting(directoryOffset..<end),
            at: footer.directoryOffset
        ).entries
    }

    /// Bytes of `changes` that say one change.
    static let changeByteCount = 8

    /// How many sections there are; a change with this number, or the rest of it, is one of the
    /// directory.
    package var sectionCount: Int { entries.count }

    /// The file with these changes, and its record: eight bytes each say in which section, where
    /// and how.
    package func changed(by changes: [UInt8]) -> (bytes: [UInt8], record: SegmentRecord) {
        var bytes = original
        var touched: [Int: Set<Int>] = [:]
        for start in stride(from: 0, to: changes.count - 7, by: Self.changeByteCount) {
            let change = changes[start..<start + Self.changeByteCount].map(Int.init)
            let index = change[0] % (entries.count + 1)
            guard index < entries.count else {
                Self.apply(
                    change, to: &bytes, directoryOffset..<bytes.count - SegmentFooter.byteCount)
                continue
            }
            let entry = entries[index]
            guard entry.byteCount > 0 else { continue }
            let first = Int(entry.offset)
            let range = Self.apply(change, to: &bytes, first..<first + Int(entry.byteCount))
            for place in range {
                touched[index, default: []].insert((place - first) / entry.blockByteCount)
            }
        }
        let record = reseal(&bytes, touched)
        return (bytes, record)
    }

    /// Makes one change inside `room`; where it was made.
    @discardableResult
    private static func apply(
        _ change: [Int], to bytes: inout [UInt8], _ room: Range<Int>
    ) -> Range<Int> {
        let place = room.lowerBound + (change[2] | change[3] << 8 | change[4] << 16) % room.count
        let value = UInt8(change[5])
        switch change[1] % 6 {
        case 0:
            bytes[place] ^= 1 << (value & 7)
            return place..<place + 1
        case 1:
            bytes[place] = value
            return place..<place + 1
        case 2:
            bytes[place] &+= value
            return place..<place + 1
        case 3:
            let number = [change[5], change[6], change[7]].map(UInt8.init)
            let range = place..<min(place + number.count, room.upperBound)
            for spot in range { bytes[spot] = number[spot - place] }
            return range
        default:
            // Where numbers stand: at multiples of their width.
            let width = change[1] % 6 == 4 ? 4 : 8
            let start = room.lowerBound + (place - room.lowerBound) / width * width
            let range = start..<min(start + width, room.upperBound)
            for spot in range { bytes[spot] = value }
            if let last = range.last { bytes[last] = UInt8(change[6]) }
            return range
        }
    }

    /// Makes checksums fit: of touched blocks, of their tables, of directory and footer.
    private func reseal(_ bytes: inout [UInt8], _ touched: [Int: Set<Int>]) -> SegmentRecord {
        for (index, blocks) in touched { resealSection(index, blocks, &bytes) }
        let end = bytes.count - SegmentFooter.byteCount
        let head = Array(bytes[..<SegmentBlocks.pageByteCount])
        let footer = SegmentFooter(
            directoryOffset: UInt64(directoryOffset),
            directoryByteCount: UInt64(end - directoryOffset),
            directoryChecksum: checksum64(
                Array(bytes[directoryOffset..<end]),
                seed: SegmentBlocks.directorySeed(file: sealed.file)),
            headerChecksum: checksum64(head, seed: SegmentBlocks.headerSeed(file: sealed.file)),
            fileByteCount: UInt64(bytes.count), file: sealed.file)
        bytes.replaceSubrange(end..., with: footer.encoded())
        var record = sealed
        record.digest = Digest(of: bytes)
        return record
    }

    /// Makes the checksums of these blocks fit: one alone stands in the directory, others in a
    /// table.
    private func resealSection(_ index: Int, _ blocks: Set<Int>, _ bytes: inout [UInt8]) {
        let entry = entries[index]
        let isAlone = entry.tablePageCount == 0
        var sums = isAlone ? [0] : checksums(entry, in: bytes)
        for block in blocks {
            let range = entry.blockRange(block)
            let first = Int(entry.offset)
            sums[block] = checksum64(
                Array(bytes[first + range.lowerBound..<first + range.upperBound]),
                seed: SegmentBlocks.seed(file: sealed.file, section: index, block: block))
        }
        guard !isAlone else {
            let field = directoryOffset + 8 + (index + 1) * SegmentDirectory.entryByteCount - 8
            Self.write(sums[0], to: &bytes, at: field)
            return
        }
        let pages = SegmentBlocks.encodeTable(sums, file: sealed.file, section: index)
        let start = Int(entry.tableOffset)
        bytes.replaceSubrange(start..<start + pages.count, with: pages)
    }

    private func checksums(_ entry: SegmentSectionEntry, in bytes: [UInt8]) -> [UInt64] {
        (0..<entry.blockCount).map { block in
            let (page, slot) = block.quotientAndRemainder(
                dividingBy: SegmentBlocks.checksumsPerPage)
            let start = Int(entry.tableOffset) + page * SegmentBlocks.pageByteCount + slot * 8
            return (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64($1 * 8) }
        }
    }

    private static func write(_ value: UInt64, to bytes: inout [UInt8], at start: Int) {
        for place in 0..<8 {
            bytes[start + place] = UInt8(truncatingIfNeeded: value >> UInt64(place * 8))
        }
    }
}
