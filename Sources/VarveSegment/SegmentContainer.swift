// A segment file opened as a container: sections by name, bytes given out only after their
// checksums.

import VarveFormat
import VarveStorage
import VarveMutants

/// An open segment file whose header, footer and directory have been verified.
///
/// Every byte it gives out lies in a block whose checksum has been checked since the file was
/// opened (mapped) or when the block was read (paged). All calls may be made from any thread.
@safe final class SegmentContainer: Sendable {
    /// What stands at one place of the directory, with what is known of its blocks.
    struct Section: Sendable {
        var entry: SegmentSectionEntry
        var blocks: VerifiedBlocks
        var tablePages: VerifiedBlocks
    }

    /// The file's name relative to the store, for errors.
    let name: String
    let header: FileHeader
    let byteCount: UInt64
    let sections: [Section]
    /// The file as everything else reads it.
    let file: any StoredFile
    /// The file as searches by pages read it.
    let pageFile: any StoredFile
    private let mapping: MappedBytes?
    /// Whether sections of a mapped file may be copied into memory of their own.
    let copiesSections: Bool
    /// The cache that blocks are read through; nil where the file is mapped.
    let cache: PageCache?

    /// Opens the file at `path`, which must be `byteCount` bytes of segment `id` with the file id
    /// `file`.
    convenience init(
        fileSystem: any FileSystem, path: FilePath, id: SegmentID, file expected: FileID,
        byteCount: UInt64, access: SegmentAccess
    ) throws(SegmentError) {
        let (file, pageFile) = try storing { () throws(StorageError) in
            let file = try fileSystem.open(path, .read)
            guard case .direct = access else { return (file, file) }
            return (file, try fileSystem.open(path, .readDirect))
        }
        try self.init(
            file, pageFile: pageFile, id: id, file: expected, byteCount: byteCount, access: access)
    }

    /// Reads the beginnings of an open file, which must be `byteCount` bytes of segment `id` with
    /// the file id `expected`.
    init(
        _ file: any StoredFile, pageFile: any StoredFile, id: SegmentID, file expected: FileID,
        byteCount: UInt64, access: SegmentAccess
    ) throws(SegmentError) {
        let name = FileNames.segment(id)
        let found = try storing { () throws(StorageError) in try file.byteCount() }
        let least = UInt64(SegmentBlocks.pageByteCount + 8 + SegmentFooter.byteCount)
        guard found == byteCount, found >= least else {
            throw .damaged(
                FormatError(
                    .truncated, file: name, section: "file", offset: found,
                    detail: "\(found) bytes, expected \(byteCount)"))
        }
        let head = try Self.read(file, name, at: 0, count: SegmentBlocks.pageByteCount)
        header = try decoding(in: name) { () throws(FormatError) in
            unsafe try FileHeader(
                decoding: head.span.bytes.extracting(0..<FileHeader.byteCount), expecting: .segment)
        }
        guard header.file == expected, header.number == id.rawValue else {
            throw .damaged(
                FormatError(
                    .misplaced, file: name, section: "file header", offset: 32,
                    detail: "file id \(header.file.rawValue) of segment \(header.number)"))
        }
        let directory = try Self.readDirectory(file, name, head: head, header, found)
        self.name = name
        self.file = file
        self.pageFile = pageFile
        self.byteCount = found
        sections = directory.entries.map {
            Section(
                entry: $0, blocks: VerifiedBlocks(blockCount: $0.blockCount),
                tablePages: VerifiedBlocks(blockCount: $0.tablePageCount))
        }
        if case .mappedInPlace = access { copiesSections = false } else { copiesSections = true }
        switch access {
        case .mapped, .mappedInPlace:
            mapping = try storing { () throws(StorageError) in try file.map(0..<found) }
            cache = nil
        case .paged(let shared), .direct(let shared):
            mapping = nil
            cache = shared
        }
    }

    deinit { cache?.removeAll(of: header.file) }

    /// The number of the section called `name`; nil if the segment has none.
    func index(of name: String) -> Int? { sections.firstIndex { $0.entry.name == name } }

    /// Whether all bytes lie in memory.
    var isMapped: Bool { mapping != nil }

    /// Gives back the memory of mapped pages, which can be read again.
    func forgetPages() { mapping?.advise(.notNow) }

    /// An error about byte `offset` of section `index`.
    func error(
        _ kind: FormatError.Kind, section index: Int, at offset: Int, _ detail: String
    ) -> SegmentError {
        let entry = sections[index].entry
        return .damaged(
            FormatError(
                kind, file: name, section: entry.name, offset: entry.offset + UInt64(offset),
                detail: detail))
    }
}

extension SegmentContainer {
    /// Calls `body` with the bytes in `range` of section `index`, verified.
    ///
    /// The range must lie inside the section; a caller checks it against the section's length
    /// first.
    @inline(always)
    func withBytes<R>(
        _ index: Int, _ range: Range<Int>,
        _ body: (UnsafeRawBufferPointer) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        if let base = unsafe try mappedBase(index, verifying: range) {
            return unsafe try body(
                UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
        }
        return unsafe try withPagedBytes(index, range, body)
    }

    /// Where section `index` begins in memory, once the blocks of `range` are verified; nil in
    /// paged mode.
    @inline(always)
    func mappedBase(
        _ index: Int, verifying range: Range<Int>
    ) throws(SegmentError) -> UnsafeRawPointer? {
        guard let mapping, let start = unsafe mapping.bytes.baseAddress else { return nil }
        let entry = sections[index].entry
        precondition(range.upperBound <= Int(entry.byteCount))
        let shift = entry.blockByteCount.trailingZeroBitCount
        var block = range.lowerBound >> shift
        while block << shift < range.upperBound {
            if !sections[index].blocks.isWhole(block) { try verifyMapped(index, block) }
            block += 1
        }
        return unsafe start + Int(entry.offset)
    }

    /// Bytes of section `index`, copied.
    func copyBytes(_ index: Int, _ range: Range<Int>) throws(SegmentError) -> [UInt8] {
        unsafe try withBytes(index, range) { (bytes) throws(SegmentError) in
            unsafe [UInt8](bytes)
        }
    }

    /// Copies bytes of section `index` to `destination`, verified, a MiB at a time.
    func copy(
        _ index: Int, _ range: Range<Int>, to destination: UnsafeMutableRawPointer
    ) throws(SegmentError) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
            let part = start..<min(start + 1 << 20, range.upperBound)
            unsafe try withBytes(index, part) { (bytes) throws(SegmentError) in
                guard let base = bytes.baseAddress else { return }
                unsafe (destination + (start - range.lowerBound))
                    .copyMemory(from: base, byteCount: part.count)
            }
        }
    }

    /// The checksums of all blocks of section `index`.
    func checksums(ofSection index: Int) throws(SegmentError) -> [UInt64] {
        var all: [UInt64] = []
        let count = sections[index].entry.blockCount
        all.reserveCapacity(count)
        for block in 0..<count { all.append(try checksum(index, block)) }
        return all
    }

    /// All bytes of section `index`, which may have at most `limit`.
    func copySection(_ index: Int, limit: Int) throws(SegmentError) -> [UInt8] {
        let count = sections[index].entry.byteCount
        guard count <= UInt64(limit) else {
            throw error(.invalidValue, section: index, at: 0, "\(count) bytes, at most \(limit)")
        }
        return try copyBytes(index, 0..<Int(count))
    }

    /// Reads whole blocks of section `index` from the file, past the mapping, and verifies them.
    ///
    /// `range` begins and ends at borders of blocks, or ends with the padding of the section.
    func copyVerified(
        _ index: Int, _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer
    ) throws(SegmentError) {
        let entry = sections[index].entry
        precondition(target.count == range.count)
        precondition(range.upperBound <= Int(entry.paddedByteCount))
        precondition(range.lowerBound % entry.blockByteCount == 0)
        unsafe try Self.fill(file, name, target, at: entry.offset + UInt64(range.lowerBound))
        var block = range.lowerBound / entry.blockByteCount
        while block * entry.blockByteCount < range.upperBound {
            let bytes = entry.blockRange(block)
            let start = bytes.lowerBound - range.lowerBound
            precondition(bytes.upperBound <= range.upperBound)
            let copied = unsafe UnsafeRawBufferPointer(
                rebasing: target[start..<start + bytes.count])
            unsafe try verify(index, block, copied, isKept: false)
            block += 1
        }
    }

    /// Block `block` of section `index` by way of the cache, verified.
    func cachedBlock(_ index: Int, _ block: Int) throws(SegmentError) -> CachedBlock {
        guard let cache else { preconditionFailure("mapped segments have no cached blocks") }
        let key = PageCache.Key(
            file: header.file, section: UInt32(index), block: UInt32(block))
        return try cache.block(key) { () throws(SegmentError) in
            let entry = sections[index].entry
            let range = entry.blockRange(block)
            let filled = try readBlock(
                at: entry.offset + UInt64(range.lowerBound), count: range.count)
            unsafe try verify(index, block, filled.bytes)
            return filled
        }
    }

    private func withPagedBytes<R>(
        _ index: Int, _ range: Range<Int>,
        _ body: (UnsafeRawBufferPointer) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        let entry = sections[index].entry
        precondition(range.upperBound <= Int(entry.byteCount))
        if range.isEmpty { return unsafe try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let shift = entry.blockByteCount.trailingZeroBitCount
        let (first, last) = (range.lowerBound >> shift, (range.upperBound - 1) >> shift)
        if first == last {
            let block = try cachedBlock(index, first)
            let start = range.lowerBound - first << shift
            defer { withExtendedLifetime(block) {} }
            return unsafe try body(
                UnsafeRawBufferPointer(rebasing: block.bytes[start..<start + range.count]))
        }
        var joined: [UInt8] = []
        joined.reserveCapacity(range.count)
        for number in first...last {
            let block = try cachedBlock(index, number)
            let start = max(range.lowerBound, number << shift) - number << shift
            let end = min(range.upperBound, (number + 1) << shift) - number << shift
            unsafe joined.append(contentsOf: block.bytes[start..<end])
        }
        return unsafe try joined.span.bytes.withUnsafeBytes { (bytes) throws(SegmentError) in
            unsafe try body(bytes)
        }
    }

    /// Checks block `block` of section `index`, which lies in memory.
    private func verifyMapped(_ index: Int, _ block: Int) throws(SegmentError) {
        guard let mapping else { preconditionFailure("not mapped") }
        let entry = sections[index].entry
        let range = entry.blockRange(block)
        let start = Int(entry.offset) + range.lowerBound
        let bytes = unsafe UnsafeRawBufferPointer(
            rebasing: mapping.bytes[start..<start + range.count])
        unsafe try verify(index, block, bytes)
    }

    /// Compares the checksum of a block with the table, and remembers the answer where the bytes
    /// are those that others will read.
    private func verify(
        _ index: Int, _ block: Int, _ bytes: UnsafeRawBufferPointer, isKept: Bool = true
    ) throws(SegmentError) {
        unsafe try verify(
            index, block, bytes, expecting: checksum(index, block), isKept: isKept)
    }

    /// Compares the checksum of a block with the one it should have, and remembers the answer where
    /// the bytes are those that others will read.
    func verify(
        _ index: Int, _ block: Int, _ bytes: UnsafeRawBufferPointer, expecting expected: UInt64,
        isKept: Bool = true
    ) throws(SegmentError) {
        let seed = SegmentBlocks.seed(file: header.file, section: index, block: block)
        let blocks = sections[index].blocks
        let isRight =
            unsafe checksum64(bytes, seed: seed) == expected
            || Mutant.isPlanted(.skipBlockChecksum)
        guard isRight, !blocks.isDamaged(block) else {
            blocks.record(block, whole: false)
            throw error(
                .checksumMismatch, section: index,
                at: sections[index].entry.blockRange(block).lowerBound,
                "checksum of block \(block) does not match")
        }
        if isKept { blocks.record(block, whole: true) }
    }

    /// The checksum block `block` of section `index` should have.
    private func checksum(_ index: Int, _ block: Int) throws(SegmentError) -> UInt64 {
        let entry = sections[index].entry
        if entry.tablePageCount == 0 { return entry.checksum }
        let (page, slot) = block.quotientAndRemainder(
            dividingBy: SegmentBlocks.checksumsPerPage)
        let offset = entry.tableOffset + UInt64(page * SegmentBlocks.pageByteCount)
        if let mapping {
            let bytes = unsafe UnsafeRawBufferPointer(
                rebasing: mapping.bytes[Int(offset)..<Int(offset) + SegmentBlocks.pageByteCount])
            if !sections[index].tablePages.isWhole(page) {
                unsafe try verifyTablePage(index, page, bytes)
            }
            return unsafe UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: slot * 8, as: UInt64.self))
        }
        guard let cache else { preconditionFailure("neither mapped nor cached") }
        let key = PageCache.Key(
            file: header.file, section: UInt32(index) | 0x8000_0000, block: UInt32(page))
        let filled = try cache.block(key) { () throws(SegmentError) in
            let filled = try readBlock(at: offset, count: SegmentBlocks.pageByteCount)
            unsafe try verifyTablePage(index, page, filled.bytes)
            return filled
        }
        return unsafe UInt64(
            littleEndian: filled.bytes.loadUnaligned(fromByteOffset: slot * 8, as: UInt64.self))
    }

    private func verifyTablePage(
        _ index: Int, _ page: Int, _ bytes: UnsafeRawBufferPointer
    ) throws(SegmentError) {
        let end = SegmentBlocks.checksumsPerPage * 8
        let expected = unsafe UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self))
        let seed = SegmentBlocks.tableSeed(file: header.file, section: index, page: page)
        let found = unsafe checksum64(UnsafeRawBufferPointer(rebasing: bytes[..<end]), seed: seed)
        let pages = sections[index].tablePages
        guard found == expected, !pages.isDamaged(page) else {
            pages.record(page, whole: false)
            let entry = sections[index].entry
            throw .damaged(
                FormatError(
                    .checksumMismatch, file: name, section: "checksums of \(entry.name)",
                    offset: entry.tableOffset + UInt64(page * SegmentBlocks.pageByteCount),
                    detail: "checksum of table page \(page) does not match"))
        }
        pages.record(page, whole: true)
    }

    private func readBlock(at offset: UInt64, count: Int) throws(SegmentError) -> CachedBlock {
        let block = CachedBlock(byteCount: count)
        unsafe try Self.fill(file, name, block.destination, at: offset)
        return block
    }
}

extension SegmentContainer {
    /// Reads and verifies footer and directory, and the first page on the way.
    private static func readDirectory(
        _ file: any StoredFile, _ name: String, head: [UInt8], _ header: FileHeader,
        _ byteCount: UInt64
    ) throws(SegmentError) -> SegmentDirectory {
        let tail = try read(
            file, name, at: byteCount - UInt64(SegmentFooter.byteCount),
            count: SegmentFooter.byteCount)
        let footer = try decoding(in: name) { () throws(FormatError) in
            unsafe try SegmentFooter(
                decoding: tail.span.bytes, file: header.file, fileByteCount: byteCount)
        }
        let headSum = checksum64(head, seed: SegmentBlocks.headerSeed(file: header.file))
        guard headSum == footer.headerChecksum || Mutant.isPlanted(.skipFirstPageChecksum) else {
            throw .damaged(
                FormatError(
                    .checksumMismatch, file: name, section: "file header", offset: 0,
                    detail: "checksum of the first page does not match"))
        }
        let bytes = try read(
            file, name, at: footer.directoryOffset, count: Int(footer.directoryByteCount))
        let sum = checksum64(bytes, seed: SegmentBlocks.directorySeed(file: header.file))
        guard
            sum == footer.directoryChecksum || Mutant.isPlanted(.skipSegmentDirectoryChecksum)
        else {
            throw .damaged(
                FormatError(
                    .checksumMismatch, file: name, section: "directory",
                    offset: footer.directoryOffset, detail: "directory checksum does not match"))
        }
        return try decoding(in: name) { () throws(FormatError) in
            unsafe try SegmentDirectory(decoding: bytes.span.bytes, at: footer.directoryOffset)
        }
    }

    /// Reads exactly `count` bytes.
    static func read(
        _ file: any StoredFile, _ name: String, at offset: UInt64, count: Int
    ) throws(SegmentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        unsafe try bytes.withUnsafeMutableBufferPointer { (buffer) throws(SegmentError) in
            unsafe try fill(file, name, UnsafeMutableRawBufferPointer(buffer), at: offset)
        }
        return bytes
    }

    /// What a file is that ends before it should.
    static func endsEarly(_ name: String, at offset: UInt64) -> SegmentError {
        .damaged(
            FormatError(
                .truncated, file: name, section: "file", offset: offset,
                detail: "the file ends early"))
    }

    /// Fills `buffer`, or throws where the file ends early.
    static func fill(
        _ file: any StoredFile, _ name: String, _ buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(SegmentError) {
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let position = offset + UInt64(done)
            let count = try storing { () throws(StorageError) in
                unsafe try file.read(into: rest, at: position)
            }
            guard count > 0 else {
                throw endsEarly(name, at: position)
            }
            done += count
        }
    }
}
