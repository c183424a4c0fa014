// The process that is killed: threads that write, flush, merge and search as fast as they can.

import Glibc
import Varve
import VarveStorage

/// Writes until it is killed, and says what was acknowledged in a file outside of the store.
struct KillChild: Sendable {
    let directory: String
    let seed: UInt64
    /// Which life of the store this is.
    let round: UInt64

    /// Never returns.
    func run() -> Never {
        do {
            let store = try Store.open(at: directory + "/store", options: Self.options(round))
            let counts = AcknowledgementFile.counts(directory)
            let log = AcknowledgementFile(directory)
            let runtime = SystemRuntime()
            for thread in 0..<KillHistory.threadCount {
                _ = runtime.startWorker("writer \(thread)") {
                    write(store, thread, from: counts[thread], log)
                }
            }
            disturb(store)
        } catch {
            fail("\(error)")
        }
    }

    private func fail(_ message: String) -> Never {
        var text = "kill-fuzz child: \(message)\n"
        text.withUTF8 { bytes in _ = unsafe Glibc.write(2, bytes.baseAddress, bytes.count) }
        _exit(9)
    }

    static func options(_ round: UInt64) -> Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.memtableByteLimit = 256 << 10
        options.maxDegree = 12
        options.buildWidth = 24
        options.threadCount = 2
        options.trashGraceSeconds = round % 2 == 0 ? 0 : 600
        options.compaction.tierCount = 2
        options.compaction.segmentLimit = 3
        options.lowSpaceByteCount = 0
        return options
    }

    private func write(
        _ store: Store, _ thread: Int, from first: UInt64, _ log: AcknowledgementFile
    ) -> Never {
        let history = KillHistory(seed: seed, thread: thread)
        // What the last life was writing when it was killed may be there or not: it is written
        // again, which changes nothing if it is.
        var batch = first
        while true {
            var request = WriteBatch()
            for (id, vector) in history.operations(batch) {
                if let vector {
                    request.upsert(
                        id: .number(id), vector: vector, attributes: ["batch": .int(Int64(batch))])
                } else {
                    request.delete(id: .number(id))
                }
            }
            do {
                try store.write(request)
            } catch {
                fail("\(error)")
            }
            log.acknowledge(thread, batch)
            // The parent waits for this before it begins to count the time.
            if batch == first { log.announce() }
            batch += 1
        }
    }

    /// Flushes, merges, searches and purges, in an order that the round gives.
    private func disturb(_ store: Store) -> Never {
        var turn = round
        while true {
            turn = turn &* 6_364_136_223_846_793_005 &+ 1
            do {
                switch turn >> 60 {
                case 0...5: try store.flush()
                case 6: try store.compact(.all)
                case 7: try store.purge()
                default:
                    let vector = [Float](repeating: Float(turn >> 58), count: KillHistory.dimension)
                    _ = try store.search(Query(vector: vector, k: 10))
                    usleep(1_000)
                }
            } catch {
                fail("\(error)")
            }
        }
    }
}
