// The errors of the floors below and the engine's own, as the public face gives them.

import VarveFormat
import VarveLog
import VarveManifest
import VarveSegment
import VarveStorage

extension StoreError {
    /// What a call is refused with, or gets that still waited, once the store is closed.
    static var storeClosed: StoreError { StoreError(.closed, "the store has been closed") }

    /// What a write or a flush is refused with while no memtable can be flushed.
    static var noSpaceToFlush: StoreError {
        StoreError(
            .noSpace,
            "the disk has no room to flush what is in memory; nothing that was acknowledged is "
                + "lost. Free some space: flushing is tried again every second")
    }

    /// What a purge ends with where a damaged segment holds deleted rows.
    static func cannotPurge(_ segment: SegmentID) -> StoreError {
        let file = FileNames.segment(segment)
        return StoreError(
            .corruption,
            "\(file) holds deleted rows, and is damaged, so that it cannot be rewritten; repair "
                + "the store with segtool and purge again",
            place: Place(file: file, section: "file", offset: 0))
    }

    /// A failed call to the operating system.
    init(_ error: StorageError) {
        let (code, advice): (Code, String) =
            switch error.kind {
            case .notFound: (.notFound, "nothing stands at this path")
            case .exists: (.storeExists, "the name is taken")
            case .locked:
                (.locked, "another opener holds it; close that one, or open for reading only")
            case .noSpace: (.noSpace, "the disk is full; free some space")
            case .notPermitted: (.notPermitted, "the process may not do that here")
            case .noResources: (.inputOutput, "too many open files or too little memory")
            case .endOfFile: (.corruption, "the file ends early")
            case .tooLarge: (.corruption, "the file is longer than any of its kind")
            case .inputOutput: (.inputOutput, "the device reported an error")
            }
        self.init(code, "\(error): \(advice)", cause: error)
    }

    /// Bytes that are not what was written.
    init(_ error: FormatError) {
        let place = Place(file: error.file, section: error.section, offset: error.offset)
        switch error.kind {
        case .tooNew:
            self.init(
                .formatTooNew, "a later version of Varve wrote this: \(error)", cause: error,
                place: place)
        default:
            self.init(
                .corruption,
                "\(error); healthy files stay readable, and a copy can be repaired",
                cause: error, place: place)
        }
    }

    /// A segment that could not be read or written.
    init(_ error: SegmentError) {
        switch error {
        case .storage(let error): self.init(error)
        case .damaged(let error): self.init(error)
        case .givenUp: self.init(.cancelled, "given up on demand")
        default: self.init(.corruption, "\(error)", cause: error)
        }
    }

    /// A log that could not be read or written.
    init(_ error: LogError) {
        switch error {
        case .storage(let error): self.init(error)
        case .format(let error): self.init(error)
        case .payloadTooLarge(let byteCount):
            self.init(.tooLarge, "a batch of \(byteCount) bytes", cause: error)
        case .closed: self.init(.closed, "the log is closed", cause: error)
        }
    }

    /// A directory that is not the store it should be, or a version that could not be published.
    init(_ error: ManifestError) {
        switch error {
        case .notAStore: self.init(.notAStore, "\(error)", cause: error)
        case .alreadyAStore: self.init(.storeExists, "\(error)", cause: error)
        case .interruptedCreation: self.init(.interruptedCreation, "\(error)", cause: error)
        case .tooNew(let error), .damaged(let error): self.init(error)
        case .noSpace(let error), .storage(let error): self.init(error)
        case .readOnly: self.init(.readOnly, "\(error)", cause: error)
        case .failed: self.init(.failed, "\(error)", cause: error)
        default: self.init(.corruption, "\(error)", cause: error)
        }
    }
}

/// Runs `body` and gives its errors out as the public face's.
func withStorageErrors<R>(_ body: () throws(StorageError) -> R) throws(StoreError) -> R {
    do { return try body() } catch { throw StoreError(error) }
}

/// Runs `body` and gives its errors out as the public face's.
func withSegmentErrors<R>(_ body: () throws(SegmentError) -> R) throws(StoreError) -> R {
    do { return try body() } catch { throw StoreError(error) }
}

/// Runs `body` and gives its errors out as the public face's.
func withManifestErrors<R>(_ body: () throws(ManifestError) -> R) throws(StoreError) -> R {
    do { return try body() } catch { throw StoreError(error) }
}

/// Runs `body` and gives its errors out as the public face's.
func withLogErrors<R>(_ body: () throws(LogError) -> R) throws(StoreError) -> R {
    do { return try body() } catch { throw StoreError(error) }
}
