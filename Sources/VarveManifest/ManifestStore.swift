// The versions of one store on disk: which is live, how the next becomes live, what may go.

internal import Synchronization
public import VarveFormat
public import VarveStorage

/// The manifests of one store and the pointer to the live one.
///
/// All calls may be made from any thread. Versions are published one after the other; a caller that
/// derives the next version from the live one holds its own lock over both steps.
public final class ManifestStore: Sendable {
    /// The store's directory.
    public let directory: FilePath
    /// Whether the store was loaded for reading only; then nothing here writes.
    public let isReadOnly: Bool
    /// What loading has come across.
    public let report: LoadReport
    /// How much history is kept.
    public let retention: Retention

    let fileSystem: any FileSystem
    /// Held while a version is published, so that only one is.
    let publishing = Mutex(())
    private let state: Mutex<State>

    /// What changes when a version is published.
    struct State: Sendable {
        /// The live version and those before it that are kept, newest first; never empty.
        var versions: [Manifest]
        /// The digest of the live version's file.
        var digest: Digest
        /// The highest version number that has ever been seen on disk or tried.
        var highestVersion: VersionNumber
        /// The lowest number that no log or segment on disk has, nor the live version knows.
        var nextFileNumber: UInt64
        /// Why nothing can be published any more.
        var failure: StorageError?
    }

    init(
        fileSystem: any FileSystem, directory: FilePath, retention: Retention, isReadOnly: Bool,
        state: State, report: LoadReport
    ) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.retention = retention
        self.isReadOnly = isReadOnly
        self.state = Mutex(state)
        self.report = report
    }

    /// The live version.
    public var current: Manifest { state.withLock { $0.versions[0] } }

    /// The digest of the live version's file.
    public var currentDigest: Digest { state.withLock { $0.digest } }

    /// The live version and the kept ones before it, newest first.
    public var versions: [Manifest] { state.withLock { $0.versions } }

    /// The number the next version must at least have: above every manifest on disk.
    public var nextVersion: VersionNumber {
        state.withLock { VersionNumber($0.highestVersion.rawValue + 1) }
    }

    /// The lowest number that is free for a new log or segment.
    ///
    /// At least ``Manifest/nextFileNumber`` of the live version, and above every file that an
    /// interrupted run has left behind.
    public var nextFileNumber: UInt64 {
        state.withLock { max($0.nextFileNumber, $0.versions[0].nextFileNumber) }
    }

    /// Why nothing can be published any more; nil while all is well.
    public var failure: StorageError? { state.withLock { $0.failure } }

    /// Runs `body` on the state under its lock; it must not wait.
    func withState<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in body(&state) }
    }

    /// Refuses to change anything in a store that is read-only or has failed.
    func requireWritable() throws(ManifestError) {
        guard !isReadOnly else { throw .readOnly }
        if let failure { throw .failed(failure) }
    }

    /// The path of a name relative to the store's directory.
    func path(_ name: String) -> FilePath { directory.appending(name) }
}
