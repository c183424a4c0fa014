// A small store, damaged byte by byte: right answers, or an error that names the file.

import Synchronization
import Varve
import VarveCheck
import VarveFormat
package import VarveStorage
package import VarveStorageSimulation

/// Damages stores at rest.
package struct DamageSession {
    private let report: CaseReport
    private let store: DamagedStore
    private var plan: HistoryPlan { store.plan }
    /// The files of the store and their lengths.
    package var files: [(path: FilePath, byteCount: Int)] { store.files }

    /// Three other values of one byte, by name.
    package static let byteKinds = ["zero-byte", "ones-byte", "other-byte"]
    /// Ways to damage more.
    package static let largeKinds = ["zero-sector", "truncate", "append", "swap-sectors"]
    /// All bits of one byte, by name.
    package static let bitKinds = (0..<8).map { "bit-\($0)" }
    /// All ways that have a byte for a place.
    package static let kinds = byteKinds + largeKinds
    /// Two blocks change places; its places are those of ``blockPairs``.
    package static let swapKind = "swap-blocks"

    package init(
        seed: UInt64, _ state: DamagedState = .closed,
        report: @escaping CaseReport = { _, _, _ in }
    ) throws {
        self.report = report
        store = try DamagedStore(seed: seed, state)
    }

    /// An older log comes back as it was before it was sealed; its only place is zero.
    package static let staleKind = "stale-log"

    /// The state of the store and the kind of damage that a replay line names.
    static func split(_ policy: String) -> (DamagedState, String)? {
        let parts = policy.split(separator: ":").map(String.init)
        let state = parts.count == 2 ? DamagedState(rawValue: parts[0]) : .closed
        guard let state, let kind = parts.last,
            (kinds + bitKinds + [swapKind, staleKind]).contains(kind)
        else {
            return nil
        }
        return (state, kind)
    }

    /// Bytes of all files.
    package var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

    /// Damages the place, counted through the bytes of all files in order.
    package func run(_ kind: String, at place: Int) -> SessionOutcome {
        let name = store.state.prefix + kind
        report(plan.seed, place, name)
        var outcome = SessionOutcome()
        guard let (path, damage, offset) = damage(kind, place) else { return outcome }
        let disk = healthyDisk()
        if kind == Self.staleKind { disk.damage(path, .truncate(byteCount: 0)) }
        guard disk.damage(path, damage) else { return outcome }
        outcome.examinedCount = 1
        outcome.imageCounts[name] = 1
        let mayBeTorn = store.mayBeTorn(path, from: offset, isCut: kind == "truncate")
        do throws(OracleFailure) {
            try examine(disk, path, offset, mayBeTorn: mayBeTorn)
        } catch {
            outcome.failure = FoundFailure(
                seed: plan.seed, place: place, policy: name,
                message: "\(damage) of \(path): \(error)")
        }
        return outcome
    }

    /// A copy of the store as it was left.
    package func healthyDisk() -> SimulatedFileSystem {
        let disk = store.disk.crash(.keepAll, seed: plan.seed)
        disk.keepsTrace = false
        return disk
    }

    /// A copy of the store with the byte at `place` damaged, and the file that has it; nil where
    /// the damage changes nothing.
    package func damagedDisk(
        _ kind: String, at place: Int
    ) -> (disk: SimulatedFileSystem, path: FilePath)? {
        guard let (path, damage, _) = damage(kind, place) else { return nil }
        let disk = healthyDisk()
        return disk.damage(path, damage) ? (disk, path) : nil
    }

    /// What a kind of damage does at a place: to which file, and from which byte on.
    private func damage(_ kind: String, _ place: Int) -> (FilePath, DiskDamage, Int)? {
        if kind == Self.staleKind {
            return store.staleLog.map { ($0.path, .append($0.bytes), 0) }
        }
        if kind == Self.swapKind {
            let pairs = blockPairs
            guard pairs.indices.contains(place) else { return nil }
            let (path, first, second, byteCount) = pairs[place]
            return (path, .swapBlocks(first, second, byteCount: byteCount), first)
        }
        var offset = place
        for (path, byteCount) in files {
            if offset < byteCount {
                let damage = damage(kind, offset, store.bytes[place])
                return (path, damage, kind.hasSuffix("-sector") ? offset / 512 * 512 : offset)
            }
            offset -= byteCount
        }
        return nil
    }

    private func damage(_ kind: String, _ offset: Int, _ byte: UInt8) -> DiskDamage {
        let sector = offset / 512 * 512
        switch kind {
        case "zero-byte": return .setByte(offset: offset, value: byte == 0 ? 1 : 0)
        case "ones-byte": return .setByte(offset: offset, value: byte == 0xFF ? 0xFE : 0xFF)
        case "zero-sector": return .zero(sector..<sector + 512)
        case "truncate": return .truncate(byteCount: offset)
        case "append":
            return .append(
                [UInt8](repeating: UInt8(truncatingIfNeeded: offset), count: 1 + offset % 5_000))
        case "swap-sectors": return .swapBlocks(0, sector, byteCount: 512)
        case "other-byte", "flip-bit":
            // Another value than the two above.
            var bit = UInt64(offset) &* 0x9E37 >> 4 & 7
            while [0, 1, 0xFE, 0xFF].contains(byte ^ 1 << UInt8(bit)) { bit = (bit + 1) % 8 }
            return .flipBit(offset: offset, bit: Int(bit))
        default: return .flipBit(offset: offset, bit: kind.utf8.last.map { Int($0) - 48 } ?? 0)
        }
    }
}

// MARK: - Places

extension DamageSession {
    /// Every byte of every file; of a store that was not closed, those of its logs.
    package var allPlaces: [Int] { store.state == .open ? logPlaces : Array(0..<byteCount) }

    /// The bytes of the logs that are read, and some of the room behind them: where a store that
    /// was not closed is read with most doubt.
    package var logPlaces: [Int] {
        let logs = store.logs
        var result: [Int] = []
        var start = 0
        for (path, byteCount) in files {
            if logs.contains(path) {
                result += start..<start + min(byteCount, store.usedByteCount(path) + 256)
            }
            start += byteCount
        }
        return result
    }

    /// Every byte of the last file in use whose name begins or ends with this; nil if there is
    /// none.
    package func places(ending: String) -> Range<Int>? {
        var start = 0
        var result: Range<Int>?
        for (path, byteCount) in files {
            let isOne = path.name.hasPrefix(ending) || path.name.hasSuffix(ending)
            if isOne, path.parent.name != FileNames.trashFolder {
                result = start..<start + byteCount
            }
            start += byteCount
        }
        return result
    }

    /// Whether the byte at a place says something; most of a segment is zeros between sections.
    package func isUsed(_ place: Int) -> Bool { store.bytes[place] != 0 }

    /// A sample of places, about `count`, as many in small files as in large ones.
    package func places(about count: Int) -> [Int] {
        var result: [Int] = []
        var start = 0
        for (_, byteCount) in files {
            let odds = UInt64(max(1, byteCount * files.count / max(1, count)))
            result += (start..<start + byteCount).filter {
                mixedSeed(plan.seed, UInt64($0), 13) % odds == 0
            }
            start += byteCount
        }
        return result
    }

    /// All pairs of blocks of a file, of all files: pages, and of logs sectors.
    package var blockPairs: [(path: FilePath, first: Int, second: Int, byteCount: Int)] {
        files.flatMap { path, byteCount in
            let block = path.name.hasSuffix(".wal") ? 512 : 4_096
            let count = byteCount / block
            return (0..<count).flatMap { first in
                (first + 1..<max(first + 1, count)).map { (path, first * block, $0 * block, block) }
            }
        }
    }
}

// MARK: - Exams

extension DamageSession {
    /// Throws if the check of files does not find the damage; else how bad it says it is.
    private func requireFound(
        _ disk: SimulatedFileSystem
    ) throws(OracleFailure) -> Finding.Severity {
        let report: CheckReport
        do throws(StorageError) {
            var request = CheckRequest()
            request.findsCauses = false
            report = try StoreCheck.run(disk, StoreProtocol.root, request)
        } catch {
            throw OracleFailure("the check cannot read: \(error)")
        }
        guard let worst = report.worst else {
            throw OracleFailure("the check does not find the damage")
        }
        return worst
    }

    /// Opens and reads everything, for reading only and for writing.
    private func examine(
        _ disk: SimulatedFileSystem, _ path: FilePath, _ offset: Int, mayBeTorn: Bool
    ) throws(OracleFailure) {
        let severity = mayBeTorn ? nil : try requireFound(disk)
        let count = store.model.batches.count
        let least = mayBeTorn ? count - 1 : count
        for isReadOnly in [true, false] {
            let name = String(path.text.dropFirst(StoreProtocol.root.text.count + 1))
            let events = Events()
            var listener = EventListener()
            listener.corruption = { error in events.names.withLock { $0.append("\(error)") } }
            do {
                let opened = try Store.open(
                    at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 3),
                    options: plan.options, listener: listener, readOnly: isReadOnly)
                defer { try? opened.close() }
                let found = store.model.count(try opened.statistics().sequence.rawValue) ?? -1
                try require(
                    (least...count).contains(found), "\(found) batches of \(count) are left")
                try read(try opened.snapshot(), store.model.state(after: found))
                let isTold = events.names.withLock { !$0.isEmpty }
                try require(
                    isTold || !store.isCheckedAtOpening(path, offset),
                    "nobody is told of the damage")
            } catch let error as OracleFailure {
                throw error
            } catch let error as StoreError {
                let isCorruption = [.corruption, .formatTooNew].contains(error.code)
                let isNamed =
                    error.place?.file == name || error.message.contains(name)
                    || events.names.withLock { $0.contains { $0.contains(name) } }
                try require(
                    isCorruption && isNamed, "the error does not name \(name): \(error)")
                try require(
                    severity != .oddity, "the check calls it odd, and the store refuses: \(error)")
            } catch {
                throw OracleFailure("\(error)")
            }
        }
    }

    /// Throws unless the store on `disk` opens and has every row.
    package func requireEverything(on disk: SimulatedFileSystem) throws(OracleFailure) {
        do {
            let opened = try Store.open(
                at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 3),
                options: plan.options)
            defer { try? opened.close() }
            let count = store.model.batches.count
            let found = store.model.count(try opened.statistics().sequence.rawValue)
            try require(found == count, "\(found ?? -1) batches of \(count) are left")
            try read(try opened.snapshot(), store.model.state(after: count))
        } catch {
            throw error as? OracleFailure ?? OracleFailure("the store refuses: \(error)")
        }
    }

    /// What a store has told its owner.
    private final class Events: Sendable {
        let names = Mutex([String]())
    }

    /// Every answer is right or the error is thrown; each kind of reading for itself, so that the
    /// failure of one does not hide a wrong answer of another.
    private func read(_ snapshot: Snapshot, _ state: ModelState) throws {
        var first: StoreError?
        func attempt(_ body: () throws -> Void) throws {
            do { try body() } catch let error as StoreError { first = first ?? error }
        }
        var exam = StoreExam(state, plan.schema, seed: plan.seed)
        try attempt { try exam.compareRows(snapshot) }
        try attempt { try exam.compareSingles(snapshot, []) }
        for _ in 0..<2 { try attempt { try exam.compareSearches(snapshot) } }
        if let first { throw first }
    }
}
