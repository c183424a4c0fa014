// Reads and writes of a file that are done wholly or fail.

extension StoredFile {
    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// - Throws: ``StorageError`` of kind `endOfFile` if the file ends before the buffer does; what
    ///   the buffer holds then is not said.
    public func readFully(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64)
        throws(StorageError)
    {
        let count = try unsafe readAvailable(into: buffer, at: offset)
        guard count == buffer.count else {
            throw StorageError(.endOfFile, call: "pread", path: path)
        }
    }

    /// Fills `buffer` with the bytes from `offset` on, as far as the file goes.
    ///
    /// - Returns: How many bytes are filled; fewer than the buffer has only where the file ends.
    /// - Throws: ``StorageError``; of kind `inputOutput`, too, where an aligned read comes to the
    ///   same end again and again before the end of the file.
    public func readAvailable(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64)
        throws(StorageError) -> Int
    {
        // A read that begins aligned goes on aligned, as a direct one must.
        let block = PosixFile.directAlignment
        let isAligned = offset.isMultiple(of: UInt64(block)) && buffer.count.isMultiple(of: block)
        var (done, vainCount) = (0, 0)
        while done < buffer.count {
            let start = isAligned ? done / block * block : done
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
            let end = start + (try unsafe read(into: rest, at: offset + UInt64(start)))
            if end <= done {
                // Nothing new: the end, unless the last block was read short once more.
                if end == start { return done }
                if offset + UInt64(done) >= (try byteCount()) { return done }
                vainCount += 1
                guard vainCount < vainReadLimit else {
                    throw StorageError(.inputOutput, call: "pread", path: path)
                }
            }
            if end > done { (done, vainCount) = (end, 0) }
        }
        return done
    }

    /// The `count` bytes from `offset` on.
    ///
    /// The memory is taken before anything is read: a count that comes from a file is checked by
    /// the caller.
    ///
    /// - Throws: ``StorageError`` of kind `endOfFile` if the file ends before.
    public func readBytes(count: Int, at offset: UInt64) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        try unsafe span.withUnsafeMutableBytes { buffer throws(StorageError) in
            try unsafe readFully(into: buffer, at: offset)
        }
        return bytes
    }

    /// Writes all of `buffer` at `offset`.
    ///
    /// - Throws: ``StorageError``; any part of the buffer may then have been written.
    public func writeFully(_ buffer: UnsafeRawBufferPointer, at offset: UInt64)
        throws(StorageError)
    {
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
            let count = try unsafe write(rest, at: offset + UInt64(done))
            guard count > 0 else { throw StorageError(.inputOutput, call: "pwrite", path: path) }
            done += count
        }
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: ``StorageError``; any part of the bytes may then have been written.
    public func writeFully(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        try writeFully(bytes[...], at: offset)
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: ``StorageError``; any part of the bytes may then have been written.
    public func writeFully(_ bytes: ArraySlice<UInt8>, at offset: UInt64) throws(StorageError) {
        try unsafe bytes.span.withUnsafeBytes { buffer throws(StorageError) in
            try unsafe writeFully(buffer, at: offset)
        }
    }
}

/// Reads that bring nothing new before the device is taken to be unable to read on.
private let vainReadLimit = 64
