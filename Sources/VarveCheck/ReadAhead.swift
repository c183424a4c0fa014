// A file's windows one after the other, the next ones on their way while one is looked at.

import VarveStorage

/// Reads windows of a file in order, several at a time, past the page cache where that can be.
///
/// Memory: one buffer of ``windowByteCount`` for each read in flight. What is read leaves nothing
/// behind in the kernel's cache, so that a check of a large store does not push out what searches
/// need.
@safe final class ReadAhead {
    /// Bytes of the largest window.
    static let windowByteCount = 1 << 20
    /// Reads in flight.
    private static let depth = 4
    private static let alignment: UInt64 = 4_096

    private let plain: any StoredFile
    private let direct: any StoredFile
    private let windows: [Range<UInt64>]
    private let memory: MemoryRegion
    private var reader: BatchReader
    /// Windows that have been asked for, and that have been handed out.
    private var submitted = 0
    private var taken = 0
    private var completions: [ReadCompletion] = []
    /// Windows that have come, by their place.
    private var arrived: [Int: ReadCompletion] = [:]

    /// A reader of these windows, none larger than ``windowByteCount``, of the file at `path`.
    ///
    /// - Throws: ``StorageError`` if it cannot be opened, or there is no memory.
    init(
        _ fileSystem: any FileSystem, _ path: FilePath, windows: [Range<UInt64>]
    ) throws(StorageError) {
        plain = try fileSystem.open(path, .read)
        direct = try fileSystem.open(path, .readDirect)
        self.windows = windows
        memory = try MemoryRegion(byteCount: Self.depth * Self.windowByteCount)
        reader = BatchReader(depth: Self.depth)
    }

    deinit {
        // Safety: the kernel may still be writing into `memory`, which goes before `reader` would
        // wait for it.
        completions.removeAll(keepingCapacity: true)
        reader.reap(atLeast: reader.pendingCount, into: &completions)
    }

    /// Calls `body` with the bytes of the next window; they are the reader's again afterwards.
    ///
    /// - Throws: ``StorageError`` if they cannot be read.
    func next(_ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void) throws(StorageError) {
        precondition(taken < windows.count, "there is a next window")
        submit()
        let place = taken
        while arrived[place] == nil, isAligned(place) {
            completions.removeAll(keepingCapacity: true)
            reader.reap(atLeast: 1, into: &completions)
            for completion in completions { arrived[Int(completion.tag)] = completion }
        }
        let buffer = unsafe buffer(place)
        let found = arrived.removeValue(forKey: place)
        // A direct read may be refused where a plain one is not.
        if found == nil || found?.error != nil || found?.byteCount != windows[place].count {
            try unsafe plain.readFully(into: buffer, at: windows[place].lowerBound)
        }
        taken += 1
        try unsafe body(UnsafeRawBufferPointer(buffer))
    }

    private func isAligned(_ place: Int) -> Bool {
        windows[place].lowerBound % Self.alignment == 0
            && windows[place].upperBound % Self.alignment == 0
    }

    private func buffer(_ place: Int) -> UnsafeMutableRawBufferPointer {
        let start = place % Self.depth * Self.windowByteCount
        // Safety: windows are no larger than a buffer, and each read in flight has its own.
        return unsafe UnsafeMutableRawBufferPointer(
            rebasing: memory.bytes[start..<start + windows[place].count])
    }

    /// Asks for as many windows as there are buffers; those out of alignment are read when they
    /// are taken.
    private func submit() {
        while submitted < windows.count, submitted < taken + Self.depth {
            if isAligned(submitted) {
                let request = unsafe ReadRequest(
                    offset: windows[submitted].lowerBound, buffer: buffer(submitted),
                    tag: UInt64(submitted))
                let requests = [request]
                reader.submit(requests.span, of: direct)
            }
            submitted += 1
        }
    }
}
