// The output of every verb over healthy and damaged stores, compared with texts that are kept.

import Glibc
import SegtoolCommands
import Testing
import VarveStorage
import VarveStorageSimulation

/// The command lines of one kept text.
struct GoldenCase: CustomTestStringConvertible, Sendable {
    /// The name of the text.
    var name: String
    /// Command lines, `STORE` standing for the store.
    var lines: [String]
    /// The stores they are run over, each on a disk of its own.
    var stores: [FixtureStore] = FixtureStore.allCases

    var testDescription: String { name }

    static let look: [GoldenCase] = [
        GoldenCase(name: "info", lines: ["info STORE", "info STORE --json"]),
        GoldenCase(name: "ls", lines: ["ls STORE", "ls STORE --role live --json"]),
        GoldenCase(name: "tree", lines: ["tree STORE"]),
        GoldenCase(
            name: "manifest",
            lines: [
                "manifest show STORE", "manifest show STORE 1 --json", "manifest history STORE",
                "manifest diff STORE 1 3", "manifest check STORE", "current show STORE",
            ]),
        GoldenCase(
            name: "wal",
            lines: [
                "wal stat STORE", "wal dump STORE", "wal dump STORE --id 2",
                "wal dump STORE --operations --redact", "wal check STORE",
            ]),
        GoldenCase(
            name: "segment",
            lines: [
                "segment header STORE 1", "segment sections STORE 3 --verify",
                "segment stats STORE 1", "segment blocks STORE 1 --section nodes",
                "segment blocks STORE 3 --damaged", "segment hexdump STORE 1 --section schema",
                "segment vectors STORE 1 --count 5", "segment vectors STORE 3 --count 3 --json",
                "segment codes STORE 1 --count 3", "segment tombstones STORE 1",
            ]),
        GoldenCase(
            name: "graph",
            lines: [
                "graph stats STORE 1", "graph check STORE 1", "graph check STORE 3",
                "graph neighbors STORE 1 0", "graph path STORE 1 entry 5",
            ]),
        GoldenCase(
            name: "stats",
            lines: ["stats STORE", "stats STORE --prometheus", "watch STORE --count 2"]),
        GoldenCase(
            name: "verify",
            lines: [
                "verify STORE --level 1", "verify STORE", "verify STORE --level 4",
                "verify STORE --json", "scrub STORE --state /scrub",
            ]),
    ]

    static let explain: [GoldenCase] = [
        GoldenCase(name: "plan-open", lines: ["plan-open STORE", "plan-open STORE --json"]),
        GoldenCase(
            name: "rows",
            lines: [
                "get STORE 20", "get STORE 1", "find STORE 20", "find STORE 2",
                "find STORE package-3", "find STORE 12345", "get STORE 20 --redact",
                "get STORE 20 --snapshot 2",
            ]),
        GoldenCase(
            name: "search",
            lines: [
                "search STORE --id 20 --k 3 --exact", "search STORE --id 20 --k 3 --explain",
                "search STORE --id 20 --k 3 --filter free=true --explain",
                "search STORE --id 20 --k 2 --json --redact", "recall STORE --sample 10 --k 5",
            ]),
        GoldenCase(
            name: "plans", lines: ["gc STORE --dry-run", "compact STORE --dry-run --all"]),
        GoldenCase(
            name: "diff",
            lines: ["diff STORE STORE", "diff STORE@2 STORE@3", "diff STORE@3 STORE"]),
    ]

    static let mend: [GoldenCase] = [
        GoldenCase(
            name: "repair",
            lines: [
                "repair plan STORE", "repair apply STORE --out /mended",
                "salvage STORE --out /saved", "quarantine ls STORE", "current set STORE 2",
            ]),
        GoldenCase(
            name: "in-place",
            lines: [
                "repair apply STORE --in-place --plan PLAN", "quarantine ls STORE",
                "verify STORE --no-trash", "quarantine restore STORE nothing",
                "repair undo STORE", "repair undo STORE",
                "repair apply STORE --in-place --plan PLAN", "quarantine restore STORE CURRENT",
                "quarantine drop STORE manifest-000002", "quarantine drop STORE",
                "quarantine ls STORE",
            ]),
        GoldenCase(
            name: "rebuild",
            lines: [
                "rebuild manifest STORE --out /made", "rebuild graph STORE --out /graph",
                "rebuild pq STORE --out /codes", "rebuild pq STORE --segment 1 --out /one",
            ]),
    ]

    static let operate: [GoldenCase] = [
        GoldenCase(
            name: "operate",
            lines: [
                "lock STORE", "export STORE /rows.jsonl", "create /other --dimension 12",
                "import /other /rows.jsonl", "checkpoint STORE /copy", "compact STORE --all",
                "purge STORE",
            ]),
        GoldenCase(
            name: "backup",
            lines: [
                "backup STORE /backups --json", "backup STORE /backups", "verify-backup /backups",
                "restore /backups /back --sequence 5",
                "restore /backups /then --at 2100-01-01T00:00:00Z",
                "restore /backups /whole",
            ]),
        GoldenCase(
            name: "packages",
            lines: [
                "bundle STORE --redact -o /support.tar", "report STORE -o /report.html",
                "bench /scratch --rows 200 --dimension 4",
            ]),
        GoldenCase(
            name: "help",
            lines: [
                "--help", "manifest --help", "verify --help", "backup --help", "salvage -h",
                "completion bash", "completion fish --json", "man",
            ],
            stores: [.healthy]),
    ]

    static let all = look + explain + mend + operate
}

@Suite struct GoldenTextTests {
    private static var isWriting: Bool { unsafe getenv("VARVE_WRITE_GOLDEN_TEXT") != nil }

    /// The hash of the repair that is planned now; nothing where a line asks for none.
    private static func plan(_ disk: SimulatedFileSystem, _ line: String) throws -> String {
        guard line.contains("PLAN") else { return "" }
        let text = ToolRun("repair plan \(FixtureStore.root.text) --json", on: disk).text
        let start = try #require(text.firstRange(of: "\"plan\":\""))
        return String(text[start.upperBound...].prefix(16))
    }

    private static func transcript(_ golden: GoldenCase) throws -> String {
        var text = ""
        for store in golden.stores {
            let disk = try store.disk()
            for line in golden.lines {
                let words = line.replacing("STORE", with: FixtureStore.root.text)
                    .replacing("PLAN", with: try plan(disk, line))
                let run = ToolRun(words, on: disk)
                text += "$ segtool \(line)  (\(store.rawValue))\n\(run.text)"
                if !run.text.isEmpty, !run.text.hasSuffix("\n") { text += "\n" }
                text += run.errorText + "= \(run.status.rawValue)\n\n"
            }
        }
        return text
    }

    /// With `VARVE_WRITE_GOLDEN_TEXT` in the environment the texts are written instead.
    @Test(arguments: GoldenCase.all)
    func `verbs print what they printed`(golden: GoldenCase) throws {
        let path = FixtureStore.folder.appending("segtool/\(golden.name).txt")
        let machine = PosixFileSystem()
        let text = try Self.transcript(golden)
        if Self.isWriting {
            try machine.createDirectories(path.parent)
            if try machine.status(path) != nil { try machine.remove(path) }
            try machine.writeFileDurably(path, Array(text.utf8))
            return
        }
        let kept = String(
            decoding: try machine.readWholeFile(path, limit: 1 << 24), as: UTF8.self)
        let differs = zip(
            kept.split(separator: "\n", omittingEmptySubsequences: false),
            text.split(separator: "\n", omittingEmptySubsequences: false)
        ).first { $0.0 != $0.1 }
        #expect(
            kept == text, "kept: \(differs?.0 ?? "(length)")\nnow:  \(differs?.1 ?? "(length)")")
    }
}
