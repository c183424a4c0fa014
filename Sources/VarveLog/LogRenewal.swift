// Puts a copy in the place of a log whose bytes may be in the page cache alone.

public import VarveFormat
public import VarveStorage

/// What the name of a copy ends in, behind the log's.
private let renewalSuffix = ".tmp"

/// Removes what renewals that were cut off have left in the log folder of the store in `directory`.
///
/// - Throws: ``LogError/storage(_:)``.
public func removeRenewals(
    _ fileSystem: any FileSystem, directory: FilePath
) throws(LogError) {
    let folder = directory.appending(FileNames.logFolder)
    do throws(StorageError) {
        for name in try fileSystem.list(folder).sorted() where name.hasSuffix(renewalSuffix) {
            guard FileNames.logNumber(String(name.dropLast(renewalSuffix.count))) != nil else {
                continue
            }
            try fileSystem.remove(folder.appending(name))
        }
    } catch {
        throw .storage(error)
    }
}

/// Puts a durable copy of the first `byteCount` bytes of a log in its place, and ends it there.
///
/// What a reader sees of a log need not be on the disk. If its writer has died, a sync would be
/// enough; but if a sync of it had failed, the kernel may take its pages for clean, show them as
/// long as it runs, and answer the next sync without writing anything. Bytes that are written anew,
/// to another file, are dirty for certain.
///
/// May be interrupted anywhere and repeated: the name leads to the old file or to the whole copy.
/// An interrupted renewal leaves a file, which ``removeRenewals(_:directory:)`` removes before.
/// - Throws: ``LogError/storage(_:)``; the log is as it was then, or the copy stands in its place.
public func renewLog(
    _ fileSystem: any FileSystem, directory: FilePath, number: LogNumber, byteCount: UInt64
) throws(LogError) {
    let path = directory.appending(FileNames.log(number))
    let copy = directory.appending(FileNames.log(number) + renewalSuffix)
    do throws(StorageError) {
        let source = try fileSystem.open(path, .read)
        let target = try fileSystem.open(copy, .create)
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = min(byteCount - offset, 1 << 20)
            let bytes = try source.readBytes(count: Int(count), at: offset)
            try target.writeFully(bytes, at: offset)
            offset += count
        }
        try target.sync(.full)
        try target.close()
        try source.close()
        try fileSystem.rename(copy, to: path)
        try fileSystem.syncDirectory(path.parent)
    } catch {
        throw .storage(error)
    }
}
