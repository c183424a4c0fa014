// Whole files and whole paths of directories in one call.

extension FileSystem {
    /// Makes the directory at `path` and those above it that are missing, all of them durable by
    /// name.
    ///
    /// - Throws: ``StorageError``; of kind `exists` if something else than a directory stands in
    ///   the way.
    public func createDirectories(_ path: FilePath) throws(StorageError) {
        if let status = try status(path) {
            guard status.isDirectory else {
                throw StorageError(.exists, call: "mkdir", path: path)
            }
            return
        }
        let parent = path.parent
        if parent != path { try createDirectories(parent) }
        try createDirectory(path)
        try syncDirectory(parent)
    }

    /// All bytes of the file at `path`.
    ///
    /// - Throws: ``StorageError`` of kind `tooLarge` if there are more than `limit`, before any are
    ///   read.
    public func readWholeFile(_ path: FilePath, limit: Int) throws(StorageError) -> [UInt8] {
        let file = try open(path, .read)
        let byteCount = try file.byteCount()
        guard byteCount <= UInt64(limit) else {
            throw StorageError(.tooLarge, call: "read", path: path)
        }
        let bytes = try file.readBytes(count: Int(byteCount), at: 0)
        try file.close()
        return bytes
    }

    /// Creates the file at `path` with `bytes` in it, durable when this returns.
    ///
    /// Its name is durable only once the caller has synced the directory.
    ///
    /// - Throws: ``StorageError``; of kind `exists` if the name is taken. After any other failure
    ///   the file may be there, with any part of the bytes.
    public func writeFileDurably(_ path: FilePath, _ bytes: [UInt8]) throws(StorageError) {
        let file = try open(path, .create)
        try file.writeFully(bytes, at: 0)
        try file.sync(.full)
        try file.close()
    }
}
