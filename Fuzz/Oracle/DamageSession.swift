// A small closed store, damaged byte by byte: right answers, or an error that names the file.

import Synchronization
import Varve
import VarveCheck
import VarveFormat
package import VarveStorage
package import VarveStorageSimulation

/// Damages stores at rest.
package struct DamageSession {
    private let plan: HistoryPlan
    private let report: CaseReport
    private let original: SimulatedFileSystem
    private let model: OracleModel
    private let count: Int
    /// The files of the closed store and their lengths.
    package let files: [(path: FilePath, byteCount: Int)]

    /// Ways to damage one byte, by name.
    package static let byteKinds = ["zero-byte", "ones-byte", "other-byte"]
    /// Ways to damage more.
    package static let largeKinds = ["zero-sector", "truncate", "append", "swap-sectors"]
    /// All ways.
    package static let kinds = byteKinds + largeKinds

    /// A store of the plan's shape: two segments, tombstones, and a closed log with batches.
    package init(
        seed: UInt64, report: @escaping CaseReport = { _, _, _ in }
    ) throws {
        plan = HistoryPlan(seed: seed, stepCount: 0)
        self.report = report
        original = SimulatedFileSystem(seed: seed)
        original.keepsTrace = false
        let witness = Witness()
        let run = HistoryRun(plan, on: original, witness, seed: seed)
        var source = PlanSource(seed: seed)
        try run.create()
        for part in 0..<3 {
            for _ in 0..<3 { try run.perform(.write(source.batch(plan.schema))) }
            if part < 2 { try run.perform(.flush) }
        }
        try run.close()
        count = witness.model.batches.count
        model = witness.model
        let disk = original
        files = disk.filePaths.map { ($0, disk.bytes($0)?.count ?? 0) }
    }

    /// Bytes of all files.
    package var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

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

    /// A copy of the store as it was closed.
    package func healthyDisk() -> SimulatedFileSystem {
        let disk = original.crash(.keepAll, seed: plan.seed)
        disk.keepsTrace = false
        return disk
    }

    /// A copy of the store with the byte at `place` damaged, and the file that has it; nil where
    /// the damage changes nothing.
    package func damagedDisk(
        _ kind: String, at place: Int
    ) -> (disk: SimulatedFileSystem, path: FilePath)? {
        var offset = place
        for (path, byteCount) in files {
            guard offset >= byteCount else {
                let disk = healthyDisk()
                return disk.damage(path, damage(kind, path, offset)) ? (disk, path) : nil
            }
            offset -= byteCount
        }
        return nil
    }

    /// Damages the byte at `place`, counted through all files in order.
    package func run(_ kind: String, at place: Int) -> SessionOutcome {
        report(plan.seed, place, kind)
        var outcome = SessionOutcome()
        outcome.examinedCount = 1
        outcome.imageCounts[kind] = 1
        var offset = place
        for (path, byteCount) in files {
            guard offset >= byteCount else {
                let disk = original.crash(.keepAll, seed: plan.seed)
                disk.keepsTrace = false
                guard disk.damage(path, damage(kind, path, offset)) else { return outcome }
                do throws(OracleFailure) {
                    try examine(disk, path)
                } catch {
                    outcome.failure = FoundFailure(
                        seed: plan.seed, place: place, policy: kind,
                        message: "byte \(offset) of \(byteCount) of \(path): \(error)")
                }
                return outcome
            }
            offset -= byteCount
        }
        return outcome
    }

    private func damage(_ kind: String, _ path: FilePath, _ offset: Int) -> DiskDamage {
        let sector = offset / 512 * 512
        return switch kind {
        case "zero-byte": .setByte(offset: offset, value: 0)
        case "ones-byte": .setByte(offset: offset, value: 0xFF)
        case "zero-sector": .zero(sector..<sector + 512)
        case "truncate": .truncate(byteCount: offset)
        case "append":
            .append(
                [UInt8](repeating: UInt8(truncatingIfNeeded: offset), count: 1 + offset % 5_000))
        case "swap-sectors": .swapBlocks(0, sector, byteCount: 512)
        default: .flipBit(offset: offset, bit: Int((UInt64(offset) &* 0x9E37) >> 4 & 7))
        }
    }

    /// Every place of small files; of segments, every byte that is not deep inside of padding, and
    /// one in 16 of the rest.
    package func allPlaces() -> [Int] {
        var result: [Int] = []
        var start = 0
        for (path, byteCount) in files {
            let bytes = original.bytes(path) ?? []
            var lastUsed = -1_000
            for offset in 0..<byteCount {
                if bytes[offset] != 0 { lastUsed = offset }
                if offset - lastUsed < 32 || offset % 16 == Int(plan.seed % 16) {
                    result.append(start + offset)
                }
            }
            start += byteCount
        }
        return result
    }

    /// Has two blocks of a file change places, all pairs of all files.
    package func blockPairs(byteCount blockByteCount: Int) -> [(path: FilePath, Int, Int)] {
        files.flatMap { path, byteCount in
            let count = byteCount / blockByteCount
            return (0..<count).flatMap { first in
                (first + 1..<max(first + 1, count)).map {
                    (path, first * blockByteCount, $0 * blockByteCount)
                }
            }
        }
    }

    /// Damages one file and looks at what comes of it.
    package func run(_ damage: DiskDamage, to path: FilePath, name: String) -> SessionOutcome {
        report(plan.seed, -1, name)
        var outcome = SessionOutcome()
        outcome.examinedCount = 1
        outcome.imageCounts[name] = 1
        let disk = original.crash(.keepAll, seed: plan.seed)
        disk.keepsTrace = false
        guard disk.damage(path, damage) else { return outcome }
        do throws(OracleFailure) {
            try examine(disk, path)
        } catch {
            outcome.failure = FoundFailure(
                seed: plan.seed, place: -1, policy: name, message: "\(damage) of \(path): \(error)")
        }
        return outcome
    }

    /// Throws if the check of files does not find the damage.
    private func requireFound(
        _ disk: SimulatedFileSystem, _ path: FilePath
    ) throws(OracleFailure) {
        let report: CheckReport
        do throws(StorageError) {
            report = try StoreCheck.run(disk, StoreProtocol.root)
        } catch {
            throw OracleFailure("the check cannot read: \(error)")
        }
        try require(report.worst != nil, "the check does not find the damage")
    }

    /// Opens and reads everything, for reading only and for writing.
    private func examine(
        _ disk: SimulatedFileSystem, _ path: FilePath
    ) throws(OracleFailure) {
        try requireFound(disk, path)
        for isReadOnly in [true, false] {
            let name = String(path.text.dropFirst(StoreProtocol.root.text.count + 1))
            let events = Events()
            var listener = EventListener()
            listener.corruption = { error in events.names.withLock { $0.append("\(error)") } }
            do {
                let store = try Store.open(
                    at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 3),
                    options: plan.options, listener: listener, readOnly: isReadOnly)
                defer { try? store.close() }
                let found = model.count(try store.statistics().sequence.rawValue) ?? -1
                try require(found == count, "\(found) batches of \(count) are left")
                try read(try store.snapshot(), model.state(after: found))
            } catch let error as OracleFailure {
                throw error
            } catch let error as StoreError {
                let isCorruption = [.corruption, .formatTooNew].contains(error.code)
                let isNamed =
                    error.place?.file == name || error.message.contains(name)
                    || events.names.withLock { $0.contains { $0.contains(name) } }
                try require(
                    isCorruption && isNamed, "the error does not name \(name): \(error)")
            } catch {
                throw OracleFailure("\(error)")
            }
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
