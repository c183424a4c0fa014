// From a directory to a running engine: creation, and opening with recovery.

import Synchronization
import VarveFormat
import VarveLog
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

extension Engine {
    /// Creates a store in a missing or empty directory and opens it.
    static func create(
        _ setting: Setting, schema: Schema, options: Options, resuming: Bool
    ) throws(StoreError) -> Engine {
        try options.validate()
        guard Schema.dimensionRange.contains(schema.dimension) else {
            throw StoreError(
                .invalidArgument, "a dimension is 1 to 65,536, not \(schema.dimension)")
        }
        guard schema.metric != .cosine || schema.elementType.holdsUnitVectors else {
            throw StoreError(
                .invalidArgument,
                "cosine needs float32 or float16: vectors are kept at length 1, which whole "
                    + "numbers cannot hold")
        }
        try withStorageErrors { () throws(StorageError) in
            try setting.fileSystem.createDirectories(setting.directory)
        }
        let lock = try lock(setting)
        let store = StoreID(
            low: setting.runtime.randomBits(), high: setting.runtime.randomBits())
        let first = Manifest(
            store: store, file: FileIdentity.manifest(store, VersionNumber(1)), schema: schema,
            createdMicroseconds: setting.runtime.wallClockMicroseconds(),
            options: options.stored())
        let manifests = try withManifestErrors { () throws(ManifestError) in
            try ManifestStore.create(
                fileSystem: setting.fileSystem, directory: setting.directory, manifest: first,
                retention: retention(options), resuming: resuming)
        }
        return try start(setting, manifests, options, lock)
    }

    /// Opens an existing store, with what a crash has left of it.
    ///
    /// - Parameters:
    ///   - schema: What the store must be; nil for whatever it is.
    ///   - options: Replaces the stored options; nil keeps them.
    static func open(
        _ setting: Setting, schema: Schema?, options: Options?, readOnly: Bool
    ) throws(StoreError) -> Engine {
        // A writer beside a reader may publish a version, and retire files of the one before,
        // while the reader is opening that; then the reader opens again.
        var attemptCount = readOnly ? 8 : 1
        while true {
            attemptCount -= 1
            let before = attemptCount > 0 ? liveVersion(setting) : nil
            do throws(StoreError) {
                let engine = try openOnce(
                    setting, schema: schema, options: options, readOnly: readOnly)
                if before == nil || liveVersion(setting) == before { return engine }
            } catch {
                if before == nil || liveVersion(setting) == before { throw error }
            }
        }
    }

    /// The version that is live on the disk; nil if that cannot be told.
    private static func liveVersion(_ setting: Setting) -> VersionNumber? {
        let manifests = try? ManifestStore.load(
            fileSystem: setting.fileSystem, directory: setting.directory, readOnly: true)
        return manifests?.current.version
    }

    private static func openOnce(
        _ setting: Setting, schema: Schema?, options: Options?, readOnly: Bool
    ) throws(StoreError) -> Engine {
        try options?.validate()
        let status = try withStorageErrors { () throws(StorageError) in
            try setting.fileSystem.status(setting.directory)
        }
        guard let status, status.isDirectory else {
            throw StoreError(.notFound, "no directory stands at \(setting.directory)")
        }
        // Nothing is made in a directory that is no store, not even a lock file.
        let isStore = try withStorageErrors { () throws(StorageError) in
            try setting.fileSystem.status(setting.directory.appending(FileNames.current)) != nil
        }
        let isKept = readOnly && !Mutant.isPlanted(.lockToRead)
        let lock = isKept || !isStore ? nil : try lock(setting)
        let stored = try withManifestErrors { () throws(ManifestError) in
            try ManifestStore.load(
                fileSystem: setting.fileSystem, directory: setting.directory, readOnly: readOnly,
                retention: retention(options ?? Options()))
        }
        let live = stored.current
        if let schema, schema != live.schema {
            throw StoreError(
                .schemaMismatch,
                "the store has dimension \(live.schema.dimension), metric \(live.schema.metric), "
                    + "elements \(live.schema.elementType)")
        }
        let inForce = options ?? Options(stored: live.options)
        // What is stored may come from anywhere, too.
        try inForce.validate()
        return try start(setting, stored, inForce, lock)
    }

    private static func lock(_ setting: Setting) throws(StoreError) -> any FileLock {
        try withStorageErrors { () throws(StorageError) in
            try setting.fileSystem.lock(setting.directory.appending(FileNames.lock))
        }
    }

    private static func retention(_ options: Options) -> Retention {
        Retention(
            manifestCount: 4, protectingManifestCount: 1,
            graceSeconds: Int64(options.trashGraceSeconds))
    }

    /// Opens segments, replays logs, begins a new log and starts the workers.
    private static func start(
        _ setting: Setting, _ manifests: ManifestStore, _ options: Options,
        _ lock: (any FileLock)?
    ) throws(StoreError) -> Engine {
        let live = manifests.current
        if !manifests.isReadOnly { removeScratchFiles(setting) }
        let cache = PageCache(
            byteBudget: options.pageCacheByteCount, codeByteBudget: options.codeByteLimit)
        let segments = try SegmentOpening(
            setting: setting, options: options, cache: cache,
            keepsDamaged: manifests.isReadOnly
        ).open(live)
        var recovery = try Recovery(
            setting: setting, manifests: manifests, options: options, segments: segments)
        try recovery.replayLogs()
        if !manifests.isReadOnly { try recovery.beginLog() }
        let state = recovery.state
        let engine = Engine(
            Parts(
                setting: setting, schema: live.schema, options: options, manifests: manifests,
                cache: cache, lock: lock, state: state, writer: recovery.writer))
        engine.counters.visibleSequence.store(
            recovery.writer.lastSequence.rawValue, ordering: .relaxed)
        if !manifests.isReadOnly {
            engine.startWorkers()
            if recovery.logCount >= mostReadLogs { engine.sealRecovered() }
        }
        return engine
    }

    /// Logs from which on what they hold is flushed: every opening adds one, and sessions that
    /// write little never fill a memtable.
    private static var mostReadLogs: Int { 8 }

    /// Puts what was recovered in line for its flush, if there is room on the disk.
    private func sealRecovered() {
        writing.withLock { state in
            guard reading.load().active.view.operationCount > 0, hasRoomForSealed else { return }
            // The logs hold everything; a failure is met again by the next write.
            _ = try? rotate(&state)
        }
        builder?.wake()
    }

    /// Removes what a merge that was cut off has left of its scratch files: they lose their names
    /// while they are empty.
    ///
    /// A file with bytes is nobody's of this store's. What cannot be removed does no harm.
    private static func removeScratchFiles(_ setting: Setting) {
        let folder = setting.directory.appending(FileNames.segmentFolder)
        for name in (try? setting.fileSystem.list(folder)) ?? [] where FileNames.isScratch(name) {
            let path = folder.appending(name)
            if (try? setting.fileSystem.status(path))?.byteCount == 0 {
                try? setting.fileSystem.remove(path)
            }
        }
    }
}

extension ElementType {
    /// Whether vectors of length 1 can be kept.
    fileprivate var holdsUnitVectors: Bool { self == .float32 || self == .float16 }
}

/// The salts of files whose bytes must depend on nothing but what is in them and whose they are.
///
/// A log's salt is random, because a log of the same number may have been written and lost before.
enum FileIdentity {
    static func manifest(_ store: StoreID, _ version: VersionNumber) -> FileID {
        derive(store, kind: .manifest, version.rawValue, 0)
    }

    static func segment(_ store: StoreID, _ segment: SegmentID) -> FileID {
        derive(store, kind: .segment, segment.rawValue, 0)
    }

    static func tombstones(
        _ store: StoreID, _ segment: SegmentID, _ version: VersionNumber
    ) -> FileID {
        derive(store, kind: .tombstones, segment.rawValue, version.rawValue)
    }

    private static func derive(
        _ store: StoreID, kind: FileKind, _ number: UInt64, _ second: UInt64
    ) -> FileID {
        var mixed = splitMix64(store.low ^ UInt64(kind.rawValue))
        mixed = splitMix64(mixed ^ store.high)
        mixed = splitMix64(mixed ^ number)
        return FileID(splitMix64(mixed ^ second))
    }
}
