// The container, written front to back: sections, checksum tables, directory, footer.

import VarveFormat
import VarveStorage
import VarveMutants

/// Writes one segment file in a stream; knows bytes and sections, not what they mean.
///
/// Memory: one buffer of 1 MiB, and eight bytes for each block written. Used by one thread.
@safe final class SegmentFileWriter {
    private let fileSystem: any FileSystem
    private let path: FilePath
    private let file: any StoredFile
    private let fileID: FileID
    private let buffer: UnsafeMutableRawBufferPointer
    private var fill = 0
    private var written: UInt64 = 0
    private let digest = DigestStream()
    private let headerChecksum: UInt64
    private var entries: [SegmentSectionEntry] = []
    private var checksums: [[UInt64]] = []
    private var isOpen = false

    /// Creates the file and takes its first page; fails if something stands at `path`.
    init(
        fileSystem: any FileSystem, path: FilePath, header: FileHeader
    ) throws(SegmentError) {
        self.fileSystem = fileSystem
        self.path = path
        fileID = header.file
        var page = ByteWriter(capacity: SegmentBlocks.pageByteCount)
        page.append(contentsOf: header.encoded())
        page.pad(toMultipleOf: SegmentBlocks.pageByteCount)
        headerChecksum = checksum64(
            page.bytes, seed: SegmentBlocks.headerSeed(file: header.file))
        do {
            file = try fileSystem.open(path, .create)
        } catch {
            // A create that failed may have happened all the same; a taken name belongs to someone
            // else.
            if error.kind != .exists { try? fileSystem.remove(path) }
            throw .storage(error)
        }
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 1 << 20, alignment: SegmentBlocks.pageByteCount)
        do throws(SegmentError) {
            try copyIn(page.bytes)
            try flush()
        } catch {
            abandon()
            throw error
        }
    }

    deinit { unsafe buffer.deallocate() }

    /// Begins a section; the one before must have ended.
    func begin(_ name: String, isRequired: Bool, blockByteCount: Int) {
        precondition(!isOpen && fill == 0)
        precondition(SegmentBlocks.isValidBlock(byteCount: blockByteCount))
        precondition((1...32).contains(name.utf8.count))
        precondition(entries.count < SegmentDirectory.maximumSectionCount)
        entries.append(
            SegmentSectionEntry(
                name: name, isRequired: isRequired, blockByteCount: blockByteCount,
                offset: written, byteCount: 0))
        checksums.append([])
        isOpen = true
    }

    /// Appends bytes to the section that is open.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SegmentError) {
        precondition(isOpen)
        entries[entries.count - 1].byteCount += UInt64(bytes.count)
        unsafe try copyIn(bytes)
    }

    /// Appends bytes to the section that is open.
    func append(_ bytes: [UInt8]) throws(SegmentError) {
        precondition(isOpen)
        entries[entries.count - 1].byteCount += UInt64(bytes.count)
        try copyIn(bytes)
    }

    /// Ends the section: pads it with zeros to a whole page.
    func end() throws(SegmentError) {
        precondition(isOpen)
        let rest = fill % SegmentBlocks.pageByteCount
        if rest > 0 {
            try copyIn([UInt8](repeating: 0, count: SegmentBlocks.pageByteCount - rest))
        }
        try flush()
        isOpen = false
        if checksums[entries.count - 1].count == 1 {
            entries[entries.count - 1].checksum = checksums[entries.count - 1][0]
        }
    }

    /// Writes a section whose bytes are all here, in as few blocks as allowed.
    func write(_ section: SegmentSection, _ bytes: [UInt8]) throws(SegmentError) {
        var block = SegmentBlocks.blockByteCountRange.lowerBound
        while block < bytes.count, block < SegmentBlocks.blockByteCountRange.upperBound {
            block *= 2
        }
        begin(section.rawValue, isRequired: section.isRequired, blockByteCount: block)
        try append(bytes)
        try end()
    }

    /// The bytes of a section that has ended; nil if there is none, or it is empty.
    func map(_ section: SegmentSection) throws(SegmentError) -> MappedBytes? {
        precondition(!isOpen)
        guard let entry = entries.first(where: { $0.name == section.rawValue }),
            entry.byteCount > 0
        else { return nil }
        return try storing { () throws(StorageError) in
            try file.map(entry.offset..<entry.offset + entry.paddedByteCount)
        }
    }

    /// Writes tables, directory and footer, makes the bytes durable and closes; the name becomes
    /// durable when the caller syncs the directory.
    func finish() throws(SegmentError) -> (byteCount: UInt64, digest: Digest) {
        precondition(!isOpen)
        for index in entries.indices where checksums[index].count > 1 {
            entries[index].tableOffset = written + UInt64(fill)
            try copyIn(
                SegmentBlocks.encodeTable(checksums[index], file: fileID, section: index))
        }
        let directory = SegmentDirectory(entries: entries).encoded()
        let offset = written + UInt64(fill)
        let footer = SegmentFooter(
            directoryOffset: offset, directoryByteCount: UInt64(directory.count),
            directoryChecksum: checksum64(
                directory, seed: SegmentBlocks.directorySeed(file: fileID)),
            headerChecksum: headerChecksum,
            fileByteCount: offset + UInt64(directory.count + SegmentFooter.byteCount), file: fileID
        )
        try copyIn(directory)
        try copyIn(footer.encoded())
        try flush()
        if !Mutant.isPlanted(.dropSegmentSync) {
            try storing { () throws(StorageError) in try file.sync(.full) }
        }
        try storing { () throws(StorageError) in try file.close() }
        return (written, digest.digest())
    }

    /// Gives the file up and removes it, as far as the disk still lets us.
    func abandon() {
        try? file.close()
        try? fileSystem.remove(path)
    }

    private func copyIn(_ bytes: [UInt8]) throws(SegmentError) {
        unsafe try bytes.span.bytes.withUnsafeBytes { (raw) throws(SegmentError) in
            unsafe try copyIn(raw)
        }
    }

    private func copyIn(_ bytes: UnsafeRawBufferPointer) throws(SegmentError) {
        var taken = 0
        while taken < bytes.count {
            let count = unsafe min(bytes.count - taken, buffer.count - fill)
            // Safety: both ranges lie inside their buffers, which do not overlap.
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[fill..<fill + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + count]))
            taken += count
            fill += count
            if unsafe fill == buffer.count { try flush() }
        }
    }

    /// Writes what is buffered; inside a section, after taking the checksums of its blocks.
    ///
    /// Blocks divide the buffer, and every section begins with an empty one, so no block is cut in
    /// two.
    private func flush() throws(SegmentError) {
        if isOpen {
            let index = entries.count - 1
            let block = entries[index].blockByteCount
            var start = 0
            while start < fill {
                let part = unsafe UnsafeRawBufferPointer(
                    rebasing: buffer[start..<min(start + block, fill)])
                let seed = SegmentBlocks.seed(
                    file: fileID, section: index, block: checksums[index].count)
                checksums[index].append(unsafe checksum64(part, seed: seed))
                start += block
            }
        }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<fill])
        unsafe digest.update(bytes)
        var done = 0
        while done < fill {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
            let offset = written + UInt64(done)
            done += try storing { () throws(StorageError) in
                unsafe try file.write(rest, at: offset)
            }
        }
        written += UInt64(fill)
        fill = 0
    }
}
