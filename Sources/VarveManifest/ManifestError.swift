// What can be wrong with a store's directory, its manifests, or publishing a new one.

public import VarveFormat
public import VarveStorage

/// Why a store could not be created, loaded, or given a new version.
public enum ManifestError: Error, Hashable, Sendable {
    /// The directory is missing or empty, or what is in it is no store; it has not been touched.
    case notAStore(directory: FilePath, detail: String)
    /// There is a store already.
    case alreadyAStore(directory: FilePath)
    /// A creation began here and did not end; nothing but its empty skeleton is there.
    case interruptedCreation(directory: FilePath)
    /// CURRENT is missing (no reason given) or unreadable, so nothing says which version is the
    /// live one.
    ///
    /// `candidates` are the versions that are whole, with all their files, and that no other one
    /// follows.
    case repairNeeded(directory: FilePath, reason: FormatError?, candidates: [VersionNumber])
    /// A file that the version names is not there.
    case missingFile(name: String)
    /// A file that the version names has another length.
    case wrongLength(name: String, expected: UInt64, found: UInt64)
    /// A file belongs to another store.
    case foreignStore(name: String, expected: StoreID, found: StoreID)
    /// A later version of the format wrote this.
    case tooNew(FormatError)
    /// A file's bytes are not what the version says.
    case damaged(FormatError)
    /// The manifest does not follow the live one; nothing has been written.
    case refused(detail: String)
    /// The store was loaded read-only.
    case readOnly
    /// The disk is full; nothing has changed, and another attempt with a new number may succeed.
    case noSpace(StorageError)
    /// A call failed before anything was changed, or while retired files were moved or removed.
    case storage(StorageError)
    /// A call failed while a version was published: which one is live is known only after loading
    /// again.
    case failed(StorageError)

    /// The error for bytes that could not be read.
    init(_ error: FormatError) {
        self = error.kind == .tooNew ? .tooNew(error) : .damaged(error)
    }
}

extension ManifestError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAStore(let directory, let detail): "\(directory) is not a store: \(detail)"
        case .alreadyAStore(let directory): "\(directory) holds a store already"
        case .interruptedCreation(let directory):
            "the creation of a store in \(directory) did not end; it holds no data"
        case .repairNeeded(let directory, let reason, let candidates):
            "CURRENT of \(directory) is \(reason.map(\.description) ?? "missing"); "
                + "usable versions: "
                + candidates.map { String($0.rawValue) }.joined(separator: ", ")
        case .missingFile(let name): "\(name) is missing"
        case .wrongLength(let name, let expected, let found):
            "\(name) has \(found) bytes, not \(expected)"
        case .foreignStore(let name, _, _): "\(name) belongs to another store"
        case .tooNew(let error), .damaged(let error): error.description
        case .refused(let detail): "the version does not follow the live one: \(detail)"
        case .readOnly: "the store is open for reading only"
        case .noSpace(let error): "the disk is full, nothing has changed: \(error)"
        case .storage(let error): error.description
        case .failed(let error): "publishing has failed, load the store again: \(error)"
        }
    }
}
