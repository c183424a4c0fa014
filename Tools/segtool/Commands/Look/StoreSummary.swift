// The figures of a store that are had without opening it.

import VarveCheck
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

/// A store in figures, from its manifest and its logs.
struct StoreSummary {
    /// A log and what reading it has found.
    struct Log {
        var number: LogNumber
        var byteCount: UInt64
        var role: FileRole
        /// What recovery makes of it; the error where it would refuse.
        var content: Result<RecoveredLog, LogError>
    }

    let manifest: Manifest?
    private(set) var segmentCount = 0
    private(set) var rowCount = 0
    private(set) var deletedCount = 0
    private(set) var segmentByteCount: UInt64 = 0
    private(set) var logs: [Log] = []
    private(set) var lastSequence = SequenceNumber.zero
    private(set) var trashCount = 0
    private(set) var trashByteCount: UInt64 = 0
    private(set) var attributeCount = 0

    /// Reads the logs of `image`, record by record, and nothing else.
    init(_ image: StoreImage) throws {
        manifest = image.live?.manifest
        for entry in image.entries where entry.role == .trash {
            trashCount += 1
            trashByteCount += entry.byteCount
        }
        guard let manifest else { return }
        segmentCount = manifest.segments.count
        attributeCount = manifest.attributes.count
        lastSequence = manifest.lastSequence
        for segment in manifest.segments {
            rowCount += segment.rowCount
            deletedCount += segment.tombstones?.deletedCount ?? 0
            segmentByteCount += segment.byteCount
        }
        logs = Self.readLogs(image, manifest)
        for log in logs where log.role == .live {
            if case .success(let found) = log.content {
                lastSequence = max(lastSequence, found.lastSequence)
            }
        }
    }

    var logByteCount: UInt64 { logs.reduce(0) { $0 + $1.byteCount } }

    var logBatchCount: Int {
        logs.reduce(0) { sum, log in
            sum + ((try? log.content.get()).map { Int($0.batchCount) } ?? 0)
        }
    }

    /// Whether the last writer closed the store.
    var closing: String {
        guard let last = logs.last(where: { $0.role == .live }) else { return "no log" }
        switch last.content {
        case .failure: return "unknown: the last log is damaged"
        case .success(let log):
            switch log.verdict {
            case .sealed: return "in order"
            case .cleanEnd: return "open, or ended without closing"
            case .tornTail: return "ended while writing"
            }
        }
    }

    /// Reads all logs the way recovery does.
    static func readLogs(_ image: StoreImage, _ manifest: Manifest) -> [Log] {
        var entries: [(LogNumber, StoreImage.Entry)] = []
        for entry in image.entries where entry.retiredSeconds == nil {
            if case .log(let number)? = entry.file { entries.append((number, entry)) }
        }
        entries.sort { $0.0 < $1.0 }
        return entries.indices.map { index in
            let (number, entry) = entries[index]
            var ending = LogExpectation.Ending.newest()
            for (next, _) in entries[(index + 1)...] {
                let prologue = try? readLogPrologue(
                    image.fileSystem, directory: image.directory, store: manifest.store,
                    number: next)
                guard let prologue else { continue }
                if let before = prologue.predecessor, before.number == number {
                    ending = .before(prologue)
                }
                break
            }
            let content: Result<RecoveredLog, LogError>
            do throws(LogError) {
                content = .success(
                    try recoverLog(
                        image.fileSystem, directory: image.directory,
                        expecting: LogExpectation(
                            store: manifest.store, number: number, ending: ending)
                    ) { _, _ throws(LogError) in })
            } catch {
                content = .failure(error)
            }
            return Log(
                number: number, byteCount: entry.byteCount, role: entry.role, content: content)
        }
    }
}
