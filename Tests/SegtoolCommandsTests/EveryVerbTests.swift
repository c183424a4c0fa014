// What holds for every verb: one JSON document, no user data where none is wanted, no writing by
// those that say they only read.

import SegtoolCommands
import Testing
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct EveryVerbTests {
    /// A command line for every verb; the rest of the words stand behind the verb.
    private static let lines: [String] = [
        "info STORE", "ls STORE", "tree STORE", "manifest show STORE", "manifest history STORE",
        "manifest diff STORE 1 3", "manifest check STORE", "current show STORE",
        "current set STORE 2", "wal stat STORE", "wal dump STORE --operations", "wal check STORE",
        "segment header STORE 1", "segment sections STORE 1 --verify", "segment stats STORE 1",
        "segment blocks STORE 1", "segment hexdump STORE 1 --section schema",
        "segment vectors STORE 1", "segment codes STORE 1", "segment tombstones STORE 1",
        "graph stats STORE 1", "graph check STORE 1", "graph neighbors STORE 1 0",
        "graph path STORE 1 entry 5", "stats STORE", "stats STORE --prometheus",
        "watch STORE --count 1", "plan-open STORE", "get STORE package-9", "find STORE package-3",
        "search STORE --id 20 --explain", "search STORE --id 20 --filter has_name",
        "search STORE --id 20 --filter free=true", "recall STORE --sample 5",
        "diff STORE STORE", "diff STORE@2 STORE", "gc STORE", "compact STORE --dry-run",
        "compact STORE --all", "verify STORE --level 4", "scrub STORE --state /scrub",
        "verify-backup /backups", "repair plan STORE", "repair apply STORE --out /mended",
        "repair undo STORE", "salvage STORE --out /saved", "rebuild graph STORE --out /graph",
        "rebuild pq STORE --out /codes", "rebuild manifest STORE --out /made",
        "quarantine ls STORE", "quarantine restore STORE CURRENT", "quarantine drop STORE",
        "create /new --dimension 3", "export STORE /rows.jsonl", "import STORE /rows.jsonl",
        "checkpoint STORE /copy", "backup STORE /backups", "restore /backups /back", "purge STORE",
        "lock STORE", "bundle STORE -o /support.tar", "bench /scratch --rows 100 --dimension 4",
        "report STORE -o /report.html", "completion bash", "man",
    ]

    private func disk(_ store: FixtureStore) throws -> SimulatedFileSystem {
        let disk = try store.disk()
        _ = ToolRun("backup \(FixtureStore.root) /backups", on: disk)
        _ = ToolRun("export \(FixtureStore.root) /rows.jsonl", on: disk)
        return disk
    }

    private func run(
        _ line: String, _ flags: String, on disk: SimulatedFileSystem
    ) throws -> ToolRun {
        if line.hasPrefix("export") { try? disk.remove(FilePath("/rows.jsonl")) }
        return ToolRun(
            line.replacing("STORE", with: FixtureStore.root.text) + flags, on: disk)
    }

    @Test func `the list has every verb`() {
        let words = ToolRun(["completion", "zsh"]).text.split(separator: "\n")
        let names = words.compactMap { line -> String? in
            guard line.hasPrefix("      \""), let end = line.firstRange(of: "\") flags=") else {
                return nil
            }
            return String(line[line.index(line.startIndex, offsetBy: 7)..<end.lowerBound])
        }
        #expect(names.count > 55)
        for name in names {
            #expect(Self.lines.contains { $0.hasPrefix(name) }, "\(name)")
        }
    }

    @Test(arguments: FixtureStore.allCases)
    func `every report is one JSON document of the schema`(store: FixtureStore) throws {
        for line in Self.lines {
            let run = try run(line, " --json", on: try disk(store))
            #expect(run.text.hasPrefix("{\"schema\":\"segtool/1\",\"verb\":\""), "\(line)")
            var scanner = JSONScanner(run.text)
            let isWhole = scanner.isDocument()
            #expect(isWhole, "\(line): \(run.text)")
            #expect(run.text.contains("\"status\":\(run.status.rawValue)}"), "\(line)")
        }
    }

    @Test(arguments: FixtureStore.allCases)
    func `nothing that users have written is shown where it is not wanted`(
        store: FixtureStore
    ) throws {
        for line in Self.lines
        where !line.hasPrefix("export") && !line.hasPrefix("search STORE --id 20 --filter has") {
            for flags in [" --redact", " --redact --json"] {
                let run = try run(line, flags, on: try disk(store))
                // The words of the command line itself may come back in an error.
                for word in ["package-0", "package-12", "weight", "tags"] {
                    #expect(!run.text.contains(word), "\(line)\(flags): \(word)")
                    #expect(!run.errorText.contains(word), "\(line)\(flags): \(word)")
                }
            }
        }
    }

    @Test func `verbs that read write nothing to the store`() throws {
        let help = ToolRun(["--help"]).text.split(separator: "\n")
        let writing = help.filter { $0.hasPrefix(" *") }.map { line -> String in
            let body = line.dropFirst(2)
            return String(body[..<(body.firstRange(of: "  ")?.lowerBound ?? body.endIndex)])
        }
        #expect(writing.contains("purge") && !writing.contains("verify"))
        for line in Self.lines where !writing.contains(where: { line.hasPrefix($0 + " ") }) {
            let disk = try disk(.damaged)
            let before = disk.contents(below: FixtureStore.root.text, withLocks: true)
            _ = try run(line, "", on: disk)
            let after = disk.contents(below: FixtureStore.root.text, withLocks: true)
            #expect(after == before, "\(line)")
        }
    }
}

/// Whether a text is one JSON document: a reader of the grammar and nothing more.
struct JSONScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    /// Whether all of the text is one value and a line end.
    mutating func isDocument() -> Bool {
        value() && take("\n") && rest.isEmpty
    }

    private mutating func take(_ character: Character) -> Bool {
        guard let byte = character.asciiValue, rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest.removeFirst(word.utf8.count)
        return true
    }

    private mutating func value() -> Bool {
        switch rest.first {
        case UInt8(ascii: "{"):
            return list(from: "{", to: "}") { $0.text() && $0.take(":") && $0.value() }
        case UInt8(ascii: "["): return list(from: "[", to: "]") { $0.value() }
        case UInt8(ascii: "\""): return text()
        default:
            if take(word: "true") || take(word: "false") || take(word: "null") { return true }
            let number = rest.prefix { "+-.eE0123456789".utf8.contains($0) }
            guard Double(String(decoding: number, as: UTF8.self)) != nil else { return false }
            rest.removeFirst(number.count)
            return true
        }
    }

    private mutating func list(
        from start: Character, to end: Character, _ item: (inout JSONScanner) -> Bool
    ) -> Bool {
        guard take(start) else { return false }
        if take(end) { return true }
        repeat {
            guard item(&self) else { return false }
        } while take(",")
        return take(end)
    }

    private mutating func text() -> Bool {
        guard take("\"") else { return false }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte < 0x20 { return false }
            if byte == UInt8(ascii: "\\") {
                guard let next = rest.popFirst(), "\"\\/bfnrtu".utf8.contains(next) else {
                    return false
                }
            }
        }
        return false
    }
}
