// The stores that are damaged, and what may be read from them.

import Varve
import VarveFormat
import VarveManifest
import VarveStorage
import VarveStorageSimulation

/// How a store was left before it is damaged.
package enum DamagedState: String, CaseIterable, Sendable {
    /// Closed: two segments, tombstones, and a log with batches.
    case closed
    /// Closed and as small as a store with all kinds of files can be.
    case small
    /// Not closed: its process has died, and the one before. Batches stand in three logs.
    case open

    /// What stands before the kind of damage in a replay line.
    var prefix: String { self == .closed ? "" : rawValue + ":" }
}

/// A store at rest, and its model.
struct DamagedStore {
    let plan: HistoryPlan
    let state: DamagedState
    let disk: SimulatedFileSystem
    let model: OracleModel
    /// The log that was written to last.
    let newestLog: FilePath?
    /// How much of it a later batch proves to have been synced.
    private(set) var provenByteCount = 0
    let files: [(path: FilePath, byteCount: Int)]
    /// The bytes of all files, one behind the other.
    let bytes: [UInt8]
    /// The log of a process that died, as it was before the next process sealed it.
    private(set) var staleLog: (path: FilePath, bytes: [UInt8])?

    init(seed: UInt64, _ state: DamagedState) throws {
        var plan = HistoryPlan(seed: seed, stepCount: 0)
        if state == .open { plan.options.durability = .everyCommit }
        self.plan = plan
        self.state = state
        var disk = SimulatedFileSystem(seed: seed)
        disk.keepsTrace = false
        let witness = Witness()
        let run = HistoryRun(plan, on: disk, witness, seed: seed)
        try run.create()
        var source = PlanSource(seed: seed)
        switch state {
        case .closed: try Self.fill(run, &source)
        case .small: try Self.fillSparsely(run, &source)
        case .open:
            try Self.fillSlowly(run, &source)
            let killed = HistoryRun(plan, on: disk.kill(seed: seed), witness, seed: seed)
            try run.close()
            disk = killed.disk
            if let path = Self.newestLog(disk), let bytes = disk.bytes(path) {
                staleLog = (path, bytes)
            }
            try killed.open()
            for _ in 0..<4 {
                provenByteCount = Self.newestLog(disk).map { Self.usedByteCount(disk, $0) } ?? 0
                try killed.perform(.write(source.batch(plan.schema)))
            }
            disk = disk.crash(.loseUnsynced, seed: seed)
            try killed.close()
        }
        try run.close()
        disk.keepsTrace = false
        self.disk = disk
        model = witness.model
        newestLog = Self.newestLog(disk)
        let contents = disk.filePaths.map { disk.bytes($0) ?? [] }
        files = zip(disk.filePaths, contents).map { ($0, $1.count) }
        bytes = Array(contents.joined())
    }

    /// A segment, a log that was closed, and one that was not.
    private static func fillSlowly(_ run: HistoryRun, _ source: inout PlanSource) throws {
        for _ in 0..<2 { try run.perform(.write(source.batch(run.plan.schema))) }
        try run.perform(.flush)
        for _ in 0..<2 { try run.perform(.write(source.batch(run.plan.schema))) }
        try run.perform(.reopen)
        for _ in 0..<2 { try run.perform(.write(source.batch(run.plan.schema))) }
    }

    private static func fill(_ run: HistoryRun, _ source: inout PlanSource) throws {
        for part in 0..<3 {
            for _ in 0..<3 { try run.perform(.write(source.batch(run.plan.schema))) }
            if part < 2 { try run.perform(.flush) }
        }
    }

    /// One segment of a few rows, one tombstone, two batches in the log.
    private static func fillSparsely(_ run: HistoryRun, _ source: inout PlanSource) throws {
        let schema = run.plan.schema
        func row(_ id: RecordID) -> ModelOperation {
            let input = source.vector(schema)
            return .upsert(
                id, input: input,
                row: ModelRow(
                    vector: StoredVector.of(input, schema),
                    attributes: ["n": .int(3), "name": .string("\(id)")]))
        }
        try run.perform(.write([row(1), row("a"), row(2), row(3)]))
        try run.perform(.flush)
        try run.perform(.write([.delete(2)]))
        try run.perform(.flush)
        try run.perform(.write([row(2), .delete(1)]))
        try run.perform(.write([row(5)]))
    }

    private static func newestLog(_ disk: SimulatedFileSystem) -> FilePath? {
        disk.filePaths.filter { FileNames.logNumber($0.name) != nil }.max { $0.text < $1.text }
    }

    private static func usedByteCount(_ disk: SimulatedFileSystem, _ path: FilePath) -> Int {
        (disk.bytes(path)?.lastIndex { $0 != 0 } ?? -1) + 1
    }

    /// Whether bytes of `path` from `offset` on may be those of a batch that a power cut tore.
    ///
    /// A file that was cut is never that: logs promise their length.
    func mayBeTorn(_ path: FilePath, from offset: Int, isCut: Bool) -> Bool {
        state == .open && path == newestLog && !isCut && offset >= provenByteCount
    }

    /// Whether opening the store reads and checks this byte, so that damage to it must be told.
    func isCheckedAtOpening(_ path: FilePath, _ offset: Int) -> Bool {
        guard let (version, manifest) = StoreProtocol.live(disk) else { return false }
        // (CURRENT is not among them: where a bit of it has flipped, the checksum says which.)
        if path.name == version { return true }
        if let number = FileNames.logNumber(path.name), path.parent == newestLog?.parent {
            return number >= manifest.logFloor && path != newestLog
        }
        let byteCount = disk.bytes(path)?.count ?? 0
        guard manifest.files.contains(where: { StoreProtocol.root.appending($0.name) == path })
        else { return false }
        // Of a segment the first page, and directory and footer behind the last whole page.
        return !path.name.hasSuffix(".seg") || offset < 4_096 || offset >= byteCount / 4_096 * 4_096
    }

    /// The logs that opening reads.
    var logs: [FilePath] {
        guard let floor = StoreProtocol.live(disk)?.manifest.logFloor else { return [] }
        return files.map(\.path).filter { path in
            path.parent == newestLog?.parent
                && (FileNames.logNumber(path.name).map { $0 >= floor } ?? false)
        }
    }

    /// The bytes of a file that say something, from its beginning; behind them are zeros.
    func usedByteCount(_ path: FilePath) -> Int { Self.usedByteCount(disk, path) }
}
