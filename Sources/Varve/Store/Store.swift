// The public face: a store, opened and closed.

public import VarveFormat
package import VarveStorage

/// A vector store in a directory.
///
/// A `Store` may be used from any number of threads at once. Writes are ordered and atomic by
/// batch; reads see everything that has been acknowledged, never wait for writes, flushes or
/// compaction, and never see half a batch. One process at a time may have a store open for writing;
/// any number may read it beside.
///
/// Calls block the calling thread for as long as they work; the `async` forms beside them run on a
/// thread of the store's own choosing instead.
///
/// What a returned write is worth is told in <doc:Durability>.
public final class Store: Sendable {
    let engine: Engine

    init(_ engine: Engine) { self.engine = engine }

    deinit { engine.abandon() }

    // MARK: - Creating and opening

    /// Creates a store in a directory that is missing or empty, and opens it.
    ///
    /// The store is durable when this returns; a crash before leaves a skeleton that is told apart
    /// from a store and from anything else.
    ///
    /// - Parameters:
    ///   - path: The directory; those above it are made where missing.
    ///   - schema: Dimension, metric and element type: fixed for the life of the store.
    ///   - options: Stored with the store.
    ///   - listener: What the store tells its owner unasked.
    /// - Throws: ``StoreError``: `storeExists`, `notAStore` (something else is there, and stays
    ///   untouched), `interruptedCreation`, `invalidArgument`, `locked`, `noSpace`, `notPermitted`,
    ///   `inputOutput`.
    public static func create(
        at path: String, schema: Schema, options: Options = Options(),
        listener: EventListener = EventListener()
    ) throws(StoreError) -> Store {
        Store(
            try Engine.create(
                .ofThisMachine(path, listener), schema: schema, options: options, resuming: false))
    }

    /// Opens a store for reading and writing, with everything that was ever acknowledged in it.
    ///
    /// Rows that no segment holds yet are read back from the logs, which takes time in proportion
    /// to them (about a second for 100 MiB).
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - schema: What the store must be; `nil` for whatever it is.
    ///   - options: Replaces the stored options; `nil` keeps them.
    ///   - listener: What the store tells its owner unasked.
    /// - Throws: ``StoreError``: `notFound`, `notAStore`, `interruptedCreation`, `schemaMismatch`,
    ///   `formatTooNew`, `locked`, `corruption` (with its place), `notPermitted`, `inputOutput`.
    ///   Nothing has been changed then.
    public static func open(
        at path: String, schema: Schema? = nil, options: Options? = nil,
        listener: EventListener = EventListener()
    ) throws(StoreError) -> Store {
        Store(
            try Engine.open(
                .ofThisMachine(path, listener), schema: schema, options: options, readOnly: false))
    }

    /// Opens a store for reading only: nothing on the disk is written, not even a lock.
    ///
    /// The store shows what was durable at the moment of opening, whatever another process writes
    /// afterwards. A damaged segment does not keep the others from being read.
    ///
    /// - Throws: ``StoreError`` as ``open(at:schema:options:listener:)``, but never `locked`.
    public static func openReadOnly(
        at path: String, schema: Schema? = nil, options: Options? = nil,
        listener: EventListener = EventListener()
    ) throws(StoreError) -> Store {
        Store(
            try Engine.open(
                .ofThisMachine(path, listener), schema: schema, options: options, readOnly: true))
    }

    /// Creates a store on another file system and runtime than this machine's: a simulated one.
    package static func create(
        at path: String, on fileSystem: any FileSystem, _ runtime: any Runtime, schema: Schema,
        options: Options = Options(), listener: EventListener = EventListener(),
        resuming: Bool = false
    ) throws(StoreError) -> Store {
        let setting = Setting(
            fileSystem: fileSystem, runtime: runtime, directory: FilePath(path),
            listener: listener)
        return Store(
            try Engine.create(setting, schema: schema, options: options, resuming: resuming))
    }

    /// Opens a store on another file system and runtime than this machine's: a simulated one.
    package static func open(
        at path: String, on fileSystem: any FileSystem, _ runtime: any Runtime,
        options: Options? = nil, listener: EventListener = EventListener(), readOnly: Bool = false
    ) throws(StoreError) -> Store {
        let setting = Setting(
            fileSystem: fileSystem, runtime: runtime, directory: FilePath(path),
            listener: listener)
        return Store(
            try Engine.open(setting, schema: nil, options: options, readOnly: readOnly))
    }

    /// Ends the store: waits for background work, makes everything durable, gives up the lock.
    ///
    /// Calls made afterwards throw `closed`; snapshots stay readable until they are dropped.
    /// Closing twice does nothing. A store that is dropped without closing is to its files like one
    /// whose process died: nothing acknowledged under `everyCommit` is lost. Its threads end and
    /// its lock is given up; dropping it waits for the flush at hand.
    ///
    /// - Throws: ``StoreError`` if the last sync failed; the store is closed all the same.
    public func close() throws(StoreError) { try engine.close() }

    // MARK: - What it is

    /// The shape of every vector.
    public var schema: Schema { engine.schema }

    /// The options in force.
    public var options: Options { engine.options }
}

extension Setting {
    /// The disk, the clock and the threads of this machine.
    static func ofThisMachine(_ path: String, _ listener: EventListener) -> Setting {
        Setting(
            fileSystem: PosixFileSystem(), runtime: SystemRuntime(), directory: FilePath(path),
            listener: listener)
    }
}
