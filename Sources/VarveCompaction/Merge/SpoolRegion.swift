// Rows on their way from the sources of a merge to its output: in memory, or in a scratch file.

internal import VarveGraph
internal import VarveStorage

/// Bytes appended one after the other and then read anywhere.
///
/// In memory they take what has been appended; in a scratch file a buffer of 1 MiB while they are
/// appended, and afterwards the pages that are being read. The file has lost its name before its
/// first byte is written, so it goes with the process; a crash between the two leaves an empty
/// file, which the next opening of the store removes.
@safe final class SpoolRegion: @unchecked Sendable {
    // Invariant for Sendable: appended to by one thread at a time, and read only once sealed.

    private let region: MemoryRegion?
    private var file: (any StoredFile)?
    private let buffer: UnsafeMutableRawBufferPointer
    private var fill = 0
    private var mapping: MappedBytes?
    private(set) var byteCount = 0
    private var writtenByteCount: UInt64 = 0

    private static let bufferByteCount = 1 << 20

    /// Room for `capacity` bytes in memory.
    init(capacity: Int) throws(StorageError) {
        let isLarge = capacity >= 8 * MemoryRegion.hugePageByteCount
        region = try MemoryRegion(byteCount: max(1, capacity), hugePages: isLarge)
        file = nil
        unsafe buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Room in a scratch file of the name `path`, which is gone when this returns.
    init(scratch path: FilePath, on fileSystem: any FileSystem) throws(StorageError) {
        region = nil
        if try fileSystem.status(path) != nil { try fileSystem.remove(path) }
        let opened = try fileSystem.open(path, .create)
        try fileSystem.remove(path)
        file = opened
        unsafe buffer = .allocate(byteCount: Self.bufferByteCount, alignment: 64)
    }

    deinit { unsafe buffer.deallocate() }

    /// Appends bytes.
    func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        guard let source = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
        if let region {
            precondition(byteCount + bytes.count <= region.byteCount, "room for all rows")
            unsafe (region.baseAddress + byteCount).copyMemory(
                from: source, byteCount: bytes.count)
        } else {
            var taken = 0
            while taken < bytes.count {
                let count = unsafe min(bytes.count - taken, buffer.count - fill)
                guard let target = unsafe buffer.baseAddress else { return }
                // Safety: both ranges lie inside their buffers, which do not overlap.
                unsafe (target + fill).copyMemory(from: source + taken, byteCount: count)
                taken += count
                fill += count
                if unsafe fill == buffer.count { try flush() }
            }
        }
        byteCount += bytes.count
    }

    /// Ends appending; from here on ``base`` may be read.
    func seal() throws(StorageError) {
        guard let file, byteCount > 0 else { return }
        try flush()
        mapping = try file.map(0..<UInt64(byteCount))
    }

    /// The first byte; valid while the region lives, once it is sealed and has bytes.
    var base: UnsafeMutableRawPointer {
        if let region { return unsafe region.baseAddress }
        guard let start = unsafe mapping?.bytes.baseAddress else {
            preconditionFailure("a region is read once it is sealed and has bytes")
        }
        // Safety: nobody writes through it; the type is that of regions in memory.
        return unsafe UnsafeMutableRawPointer(mutating: start)
    }

    /// Brings records of `stride` bytes into `order`; the region is sealed.
    ///
    /// In memory they are moved; in a scratch file they are copied into a new one.
    func apply(
        _ order: RowOrder, stride: Int, scratch: (FilePath, any FileSystem)?,
        _ memory: WorkingMemory
    ) throws(StorageError) {
        if let region { return unsafe order.apply(toRecordsAt: region.baseAddress, stride: stride) }
        guard let (path, fileSystem) = scratch, byteCount > 0 else { return }
        let copy = try SpoolRegion(scratch: path, on: fileSystem)
        for (number, row) in order.rows.enumerated() {
            // Safety: the region has a record for every row.
            unsafe try copy.append(
                UnsafeRawBufferPointer(start: base + Int(row) * stride, count: stride))
            // Pages touched here and there count as this process's until they are given back.
            if number % 128 == 127 { memory.relieve() }
        }
        try copy.seal()
        (file, mapping) = (copy.file, copy.mapping)
    }

    /// Gives back the memory of pages that can be read again.
    func forgetPages() { mapping?.advise(.notNow) }

    private func flush() throws(StorageError) {
        guard let file else { return }
        var done = 0
        while done < fill {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done..<fill])
            done += unsafe try file.write(rest, at: writtenByteCount + UInt64(done))
        }
        writtenByteCount += UInt64(fill)
        fill = 0
    }
}
