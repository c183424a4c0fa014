// One life of the store after the other, each ended by SIGKILL.

import Glibc
import Varve
import VarveStorage

/// Starts, kills and examines.
struct KillCampaign {
    let directory: String
    let seed: UInt64
    let killCount: Int
    let minutes: Double

    private struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    private static func seconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func say(_ text: String, to descriptor: Int32) {
        var text = text + "\n"
        text.withUTF8 { bytes in _ = unsafe write(descriptor, bytes.baseAddress, bytes.count) }
    }

    /// Runs; whether nothing went wrong.
    func run() -> Bool {
        let start = Self.seconds()
        var (kills, batches, rows) = (0, UInt64(0), 0)
        do {
            guard unsafe mkdir(directory, 0o700) == 0 else {
                throw Problem(description: "\(directory) cannot be made")
            }
            let schema = Schema(
                dimension: KillHistory.dimension, metric: .euclidean, elementType: .float32)
            try Store.create(
                at: directory + "/store", schema: schema, options: KillChild.options(0)
            ).close()
            while kills < killCount, Self.seconds() - start < minutes * 60 {
                try live(UInt64(kills))
                kills += 1
                (batches, rows) = try examine()
                if kills % 20 == 0 {
                    say("\(kills) kills, \(batches) batches, \(rows) rows", to: 2)
                }
            }
        } catch {
            say("FAILURE seed \(seed), kill \(kills): \(error); see \(directory)", to: 1)
            return false
        }
        say(
            "\(kills) kills, \(batches) batches of \(KillHistory.threadCount) threads, "
                + "\(rows) rows at the end, \(Int(Self.seconds() - start)) s, 0 failures", to: 1)
        try? removeAll(FilePath(directory))
        return true
    }

    /// One life: from its first acknowledgements until it is killed, some moment later.
    private func live(_ round: UInt64) throws {
        let before = AcknowledgementFile.announcementCount(directory)
        let child = try spawn(round)
        let deadline = Self.seconds() + 60
        while AcknowledgementFile.announcementCount(directory) < before + KillHistory.threadCount {
            var status: Int32 = 0
            guard unsafe waitpid(child, &status, WNOHANG) == 0 else {
                throw Problem(description: "the process ended by itself: \(status)")
            }
            guard Self.seconds() < deadline else {
                kill(child, SIGKILL)
                throw Problem(description: "no write was acknowledged within a minute")
            }
            usleep(1_000)
        }
        let mixed = (seed &* 0x9E37_79B9 &+ round) &* 0xBF58_476D_1CE4_E5B9
        usleep(UInt32(mixed >> 40 % 250_000))
        kill(child, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(child, &status, 0)
        guard status & 0x7F == SIGKILL else {
            throw Problem(description: "the process ended by itself: \(status)")
        }
    }

    private func spawn(_ round: UInt64) throws -> pid_t {
        let words = [
            "kill-fuzz", "--child", "\(round)", "--seed", "\(seed)", "--directory", directory,
        ]
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe texts.append(nil)
        defer { unsafe texts.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, "/proc/self/exe", nil, nil, texts, environ)
        guard code == 0 else { throw Problem(description: "a process cannot be started: \(code)") }
        return child
    }

    /// Compares what is left with what was acknowledged: of every thread, all of that, and at most
    /// the one batch more that it was waiting for.
    private func examine() throws -> (batches: UInt64, rows: Int) {
        let counts = AcknowledgementFile.counts(directory)
        let store = try Store.openReadOnly(
            at: directory + "/store", options: KillChild.options(0))
        var found = [[UInt64: (vector: [Float], batch: UInt64)]](
            repeating: [:], count: KillHistory.threadCount)
        let snapshot = try store.snapshot()
        try snapshot.forEachRow { row throws(StoreError) in
            guard case .number(let id) = row.id, case .int(let batch)? = row.attributes["batch"]
            else { throw StoreError(.corruption, "row \(row.id) is not one of ours") }
            found[Int(id >> 32)][id] = (row.vector, UInt64(batch))
            return true
        }
        for thread in counts.indices {
            let history = KillHistory(seed: seed, thread: thread)
            let expected = history.state(after: counts[thread])
            guard !Self.isEqual(found[thread], expected) else { continue }
            let next = history.state(after: counts[thread] + 1)
            guard Self.isEqual(found[thread], next) else {
                throw Problem(
                    description: "thread \(thread) has \(found[thread].count) rows, after its "
                        + "\(counts[thread]) batches there are \(expected.count)")
            }
        }
        try requireExactSearch(snapshot, found)
        try store.close()
        return (counts.reduce(0, +), found.reduce(0) { $0 + $1.count })
    }

    /// An exact search equals brute force over the rows.
    private func requireExactSearch(
        _ snapshot: Snapshot, _ rows: [[UInt64: (vector: [Float], batch: UInt64)]]
    ) throws {
        let vector = (0..<KillHistory.dimension).map { Float($0 * 3 + 1) }
        var query = Query(vector: vector, k: 10)
        query.effort = .exact
        let hits = try snapshot.search(query).hits.map(\.distance)
        let truth = rows.joined().map { row in
            zip(row.value.vector, vector).reduce(Float(0)) {
                $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
            }
        }.sorted().prefix(10)
        guard hits == Array(truth) else {
            throw Problem(description: "an exact search gives \(hits), not \(Array(truth))")
        }
    }

    private static func isEqual(
        _ a: [UInt64: (vector: [Float], batch: UInt64)],
        _ b: [UInt64: (vector: [Float], batch: UInt64)]
    ) -> Bool {
        a.count == b.count
            && a.allSatisfy {
                b[$0.key]?.vector == $0.value.vector && b[$0.key]?.batch == $0.value.batch
            }
    }

    /// Removes a directory of ours and all in it.
    private func removeAll(_ path: FilePath) throws(StorageError) {
        let disk = PosixFileSystem()
        for name in try disk.list(path) {
            let inner = path.appending(name)
            if try disk.status(inner)?.isDirectory == true {
                try removeAll(inner)
            } else {
                try disk.remove(inner)
            }
        }
        try disk.removeDirectory(path)
    }
}
