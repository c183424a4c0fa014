// Files given a second name, or copied where that cannot be.

import VarveStorage

/// Copies of whole files.
enum FileCopying {
    /// Gives the file at `from` the name `to` as well; copies it where the file system cannot.
    ///
    /// - Returns: Bytes that were copied; none for a link.
    @discardableResult
    static func linkOrCopy(
        _ fileSystem: any FileSystem, _ from: FilePath, _ to: FilePath
    ) throws(StorageError) -> UInt64 {
        do throws(StorageError) {
            try fileSystem.link(from, to: to)
            return 0
        } catch {
            guard error.kind != .exists, error.kind != .notFound, error.kind != .noSpace else {
                throw error
            }
            return try copy(fileSystem, from, to)
        }
    }

    /// Copies a file in windows of 1 MiB; durable when this returns, its name once the directory
    /// is.
    static func copy(
        _ fileSystem: any FileSystem, _ from: FilePath, _ to: FilePath,
        pacer: Pacer? = nil
    ) throws(StorageError) -> UInt64 {
        let source = try fileSystem.open(from, .read)
        let target = try fileSystem.open(to, .create)
        let byteCount = try source.byteCount()
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = Int(min(1 << 20, byteCount - offset))
            pacer?.pace(UInt64(count))
            let window = try source.readBytes(count: count, at: offset)
            try target.writeFully(window, at: offset)
            offset += UInt64(count)
        }
        try target.sync(.full)
        try target.close()
        return byteCount
    }

    /// Makes a directory where nothing, or an empty directory, stands.
    static func makeEmpty(
        _ fileSystem: any FileSystem, _ directory: FilePath
    ) throws {
        if let status = try fileSystem.status(directory) {
            guard status.isDirectory, try fileSystem.list(directory).isEmpty else {
                throw ToolFailure.usage("\(directory) is there already and not empty")
            }
        } else {
            try fileSystem.createDirectories(directory)
        }
    }
}
