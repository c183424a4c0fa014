// Power cuts at any moment: what was synced is there, what is there is a prefix.

import Testing
import VarveFormat
import VarveLog
import VarveStorage

@Suite struct LogCrashTests {
    /// What may be left of writes that were not synced.
    enum Survival: CaseIterable {
        /// Nothing.
        case none
        /// Any sectors of 512 bytes, others as before.
        case sectors
        /// Any pages of 4,096 bytes, others as before.
        case pages
        /// All up to some byte.
        case prefix
        /// Any bytes, others as before.
        case bytes
    }

    /// The bytes of a file after a power cut.
    static func cut(
        _ file: MemoryFile, _ survival: Survival, _ random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        let live = file.bytes
        let durable = file.durableBytes
        let length =
            survival == .none
            ? durable.count
            : Int.random(
                in: min(live.count, durable.count)...max(live.count, durable.count), using: &random)
        let old = Array(durable.prefix(length)) + [UInt8](repeating: 0, count: length)
        var bytes = Array(old.prefix(length))
        let unit =
            switch survival {
            case .none: length + 1
            case .sectors: 512
            case .pages: 4_096
            case .prefix: Int.random(in: 1...length + 1, using: &random)
            case .bytes: 1
            }
        var start = 0
        while survival != .none, start < length {
            let end = min(start + unit, length, live.count)
            let survives = survival == .prefix ? start == 0 : Bool.random(using: &random)
            if start < end, survives { bytes.replaceSubrange(start..<end, with: live[start..<end]) }
            start += unit
        }
        return bytes
    }

    @Test(arguments: UInt64(0)..<24, Survival.allCases)
    func `after a power cut the log is a prefix with everything synced`(
        seed: UInt64, survival: Survival
    ) throws {
        var random = Sequence(state: seed &* 31 &+ 7)
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk, room: seed % 2 == 0 ? 0 : 1 << 16)
        let file = try #require(disk.file(Sample.path()))
        var payloads: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: try writer.sync()
            case 1: _ = try writer.zeroAhead(10_000)
            case 2: try writer.appendSyncMark()
            default:
                let group = (0..<Int.random(in: 1...4, using: &random)).map { index in
                    Sample.payload(
                        UInt64(payloads.count + index + 1),
                        textByteCount: Int.random(in: 0...3_000, using: &random))
                }
                try writer.append(payloads: group)
                payloads += group
            }
        }
        if seed % 5 == 0 { try? sealWithoutSync(writer, file) }
        let synced = Int(writer.syncedSequence.rawValue)
        let crashed = MemoryFileSystem()
        crashed.put(Sample.path(), Self.cut(file, survival, &random))
        let found = try Sample.read(crashed, Sample.newest(synced: writer.syncedThrough))
        #expect(found.payloads == Array(payloads.prefix(found.payloads.count)), "seed \(seed)")
        #expect(found.payloads.count >= synced, "seed \(seed)")
        // Reading again, and reading by what the next log would say, comes to the same.
        let next = LogPrologue(
            lastSequence: found.log.lastSequence, predecessor: found.log.asPredecessor)
        let again = try Sample.read(
            crashed,
            LogExpectation(store: Sample.store, number: LogNumber(1), ending: .before(next)))
        #expect(again.payloads == found.payloads, "seed \(seed)")
    }

    /// Seals up to the sync, which fails.
    private func sealWithoutSync(_ writer: LogWriter, _ file: MemoryFile) throws {
        file.fail("fsync", .inputOutput)
        _ = try writer.seal()
    }

    /// Random numbers that depend on a seed and nothing else.
    struct Sequence: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 1
            return splitMix64(state)
        }
    }
}
