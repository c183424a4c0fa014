// Files given a second name, or copied where that cannot be.

import VarveFormat
import VarveManifest
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
        _ fileSystem: any FileSystem, _ from: FilePath, _ to: FilePath
    ) throws(StorageError) -> UInt64 {
        let source = try fileSystem.open(from, .read)
        let target = try fileSystem.open(to, .create)
        let byteCount = try source.byteCount()
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = Int(min(1 << 20, byteCount - offset))
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

/// The folders of a store.
enum StoreLayout {
    /// Every folder, the store's own as an empty name.
    private static let folders = StoreFile.folders + [FileNames.trashFolder]

    /// Makes a directory with the folders of a store where nothing, or an empty directory, stands.
    static func make(_ fileSystem: any FileSystem, _ directory: FilePath) throws {
        try FileCopying.makeEmpty(fileSystem, directory)
        try makeMissing(fileSystem, directory)
    }

    /// Makes the folders that are missing.
    static func makeMissing(
        _ fileSystem: any FileSystem, _ directory: FilePath
    ) throws(StorageError) {
        for folder in folders where !folder.isEmpty {
            let path = directory.appending(folder)
            if try fileSystem.status(path) == nil { try fileSystem.createDirectory(path) }
        }
    }

    /// Makes the names in all folders durable.
    static func sync(_ fileSystem: any FileSystem, _ directory: FilePath) throws(StorageError) {
        for folder in folders {
            let path = folder.isEmpty ? directory : directory.appending(folder)
            if try fileSystem.status(path) != nil { try fileSystem.syncDirectory(path) }
        }
    }
}
