// Back to any second: exactly the rows that were acknowledged by then.

import SegtoolCommands
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct PointInTimeTests {
    /// The rows of a store, by what their first component was written as.
    private typealias Rows = [RecordID: Float]

    /// A history under a simulated clock.
    private struct History {
        let disk = SimulatedFileSystem(seed: 5)
        let runtime = SimulatedRuntime(seed: 5)
        /// When each write was acknowledged, and the rows from then on.
        var states: [(microseconds: Int64, sequence: UInt64, rows: Rows)] = []
        private var rows: Rows = [:]
        private var random: UInt64

        init(seed: UInt64) { random = seed }

        mutating func draw(_ limit: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % limit
        }

        mutating func note(_ store: Store) throws {
            states.append(
                (runtime.wallClockMicroseconds(), try store.statistics().sequence.rawValue, rows))
        }

        mutating func write(_ store: Store) throws {
            var batch = WriteBatch()
            for _ in 0...draw(4) {
                let id = RecordID.number(draw(40))
                if draw(4) == 0 {
                    batch.delete(id: id)
                    rows[id] = nil
                } else {
                    let value = Float(draw(1_000))
                    batch.upsert(id: id, vector: [value, 1])
                    rows[id] = value
                }
            }
            try store.write(batch)
            try note(store)
        }

        mutating func load(_ store: Store) throws {
            var left = (0..<30).map { (RecordID.number(UInt64($0 * 2)), Float(2_000 + $0)) }
            for (id, value) in left { rows[id] = value }
            try store.bulkLoad {
                left.popLast().map { Row(id: $0.0, vector: [$0.1, 1], attributes: [:]) }
            }
            try note(store)
        }

        func run(_ line: String) -> ToolRun { ToolRun(line, on: disk, runtime) }

        func restored(_ path: String) throws -> Rows {
            try disk.rows(path).mapValues { $0.vector[0] }
        }
    }

    private static func store(_ history: History, _ options: Options = Options()) throws -> Store {
        history.disk.keepsTrace = false
        var options = options
        options.memoryBudgetByteCount = 16 << 20
        return try Store.create(
            at: "/s", on: history.disk, history.runtime,
            schema: Schema(dimension: 2, metric: .euclidean, elementType: .float32),
            options: options)
    }

    @Test(arguments: 1..<3 as Range<UInt64>)
    func `every second has exactly the rows acknowledged by then`(seed: UInt64) throws {
        var history = History(seed: seed)
        let store = try Self.store(history)
        try history.note(store)
        let start = history.runtime.wallClockMicroseconds() / 1_000_000
        #expect(history.run("backup /s /b").status == .clean)
        for step in 0..<14 {
            history.runtime.sleep(nanoseconds: 100_000_000 + history.draw(1_500_000_000))
            if step == 8 { try history.load(store) } else { try history.write(store) }
            if step % 5 == 2 { try store.flush() }
            if step % 5 == 4 {
                let run = history.run("backup /s /b")
                #expect(run.status == .clean, "\(run.errorText)")
            }
        }
        try store.close()
        history.runtime.sleep(nanoseconds: 1_000_000_000)
        let last = history.run("backup /s /b")
        #expect(last.status == .clean, "\(last.errorText)")
        let end = history.runtime.wallClockMicroseconds() / 1_000_000 - 1
        for second in start...end {
            let expected = history.states.last { $0.microseconds < (second + 1) * 1_000_000 }
            let run = history.run("restore /b /r\(second) --at \(second)")
            #expect(run.status == .clean, "second \(second - start): \(run.text)\(run.errorText)")
            #expect(
                try history.restored("/r\(second)") == expected?.rows, "second \(second - start)")
        }
        // To the microsecond, too: at each acknowledgement, and just before the write.
        for (index, state) in history.states.enumerated().dropFirst().prefix(4) {
            let digits = String(1_000_000 + state.microseconds % 1_000_000).dropFirst()
            let moment = Self.text(state.microseconds / 1_000_000) + ".\(digits)Z"
            let run = history.run("restore /b /m\(index) --at \(moment)")
            #expect(run.status == .clean, "\(run.text)\(run.errorText)")
            #expect(try history.restored("/m\(index)") == state.rows, "write \(index)")
        }
        let early = history.run("restore /b /early --at \(start - 1)")
        #expect(early.status == .usage, "\(early.text)")
        let late = history.run("restore /b /late --at \(end + 100)")
        #expect(late.status == .partial && late.text.contains("later writes are in none"))
    }

    private static func text(_ seconds: Int64) -> String {
        func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
        // The simulated clock begins on 2025-06-15.
        let day = seconds / 86_400 - 20_254
        let rest = seconds % 86_400
        return "2025-06-\(two(15 + day))T\(two(rest / 3_600)):\(two(rest / 60 % 60)):"
            + two(rest % 60)
    }

    @Test(arguments: 1..<3 as Range<UInt64>)
    func `every write can be gone back to`(seed: UInt64) throws {
        var history = History(seed: seed + 10)
        let store = try Self.store(history)
        try history.note(store)
        #expect(history.run("backup /s /b").status == .clean)
        for step in 0..<12 {
            if step == 6 { try history.load(store) } else { try history.write(store) }
            if step % 4 == 3 { try store.flush() }
            if step == 5 { #expect(history.run("backup /s /b").status == .clean) }
        }
        try store.close()
        #expect(history.run("backup /s /b").status == .clean)
        for (index, state) in history.states.enumerated().dropFirst() {
            let run = history.run("restore /b /r\(index) --sequence \(state.sequence)")
            #expect(run.status == .clean, "\(run.text)\(run.errorText)")
            #expect(try history.restored("/r\(index)") == state.rows, "write \(index)")
        }
        #expect(history.run("restore /b /over --sequence 99999999999").status == .usage)
    }

    @Test(arguments: [false, true])
    func `a gap between backups is refused, and filled by archived logs`(
        isBeforeLoad: Bool
    ) throws {
        var history = History(seed: 77)
        var options = Options()
        options.trashGraceSeconds = 1
        let store = try Self.store(history, options)
        try history.write(store)
        #expect(history.run("backup /s /b").status == .clean)
        try history.disk.createDirectory(FilePath("/archive"))
        for _ in 0..<3 {
            try history.write(store)
            try store.flush()
            for file in history.disk.filePaths where file.text.hasPrefix("/s/trash/") {
                let to = FilePath("/archive/" + file.name)
                if try history.disk.status(to) == nil { try history.disk.link(file, to: to) }
            }
            history.runtime.sleep(nanoseconds: 5_000_000_000)
        }
        // A load leaves numbers out, and is not taken for what is missing.
        if isBeforeLoad { try history.load(store) } else { try history.write(store) }
        try store.flush()
        try store.close()
        #expect(history.run("backup /s /b").status == .clean)
        let state = history.states[1]
        let second = state.microseconds / 1_000_000
        let refused = history.run("restore /b /r --at \(second)")
        let filled = history.run("restore /b /f --at \(second) --logs /archive")
        #expect(refused.status == .usage, "\(refused.text)\(refused.errorText)")
        #expect(refused.errorText.contains("are in no backup"), "\(refused.errorText)")
        #expect(try history.disk.status(FilePath("/r")) == nil)
        #expect(filled.status == .clean, "\(filled.text)\(filled.errorText)")
        #expect(try history.restored("/f") == state.rows)
    }

    @Test func `times never go back, even if the clock does`() throws {
        let disk = SimulatedFileSystem(seed: 5)
        disk.keepsTrace = false
        let runtime = SimulatedRuntime(seed: 5)
        let store = try Store.create(
            at: "/s", on: disk, runtime,
            schema: Schema(dimension: 1, metric: .euclidean, elementType: .float32))
        try store.upsert(id: 1, vector: [1])
        runtime.wallClockOffsetMicroseconds -= 3_600_000_000
        try store.upsert(id: 2, vector: [1])
        try store.close()
        runtime.wallClockOffsetMicroseconds -= 3_600_000_000
        let again = try Store.open(at: "/s", on: disk, runtime)
        try again.upsert(id: 3, vector: [1])
        try again.close()
        let dump = ToolRun("wal dump /s --json", on: disk, runtime)
        let times = dump.text.ranges(of: "\"time\":\"").map { range in
            String(dump.text[range.upperBound...].prefix { $0 != "\"" })
        }
        #expect(times.count == 3, "\(dump.text)")
        #expect(Set(times).count == 1, "\(times)")
    }
}
