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
                "segment codes STORE 1", "segment tombstones STORE 1",
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

    static let others: [GoldenCase] = [
        GoldenCase(name: "plan-open", lines: ["plan-open STORE", "plan-open STORE --json"]),
        GoldenCase(
            name: "rows",
            lines: [
                "get STORE 20", "get STORE 1", "find STORE 20", "find STORE 2",
                "find STORE package-3", "find STORE 12345", "get STORE 20 --redact",
            ]),
        GoldenCase(
            name: "search",
            lines: [
                "search STORE --id 20 --k 3 --exact"
            ]),
        GoldenCase(
            name: "plans", lines: ["gc STORE --dry-run", "compact STORE --dry-run --all"]),
        GoldenCase(name: "diff", lines: ["diff STORE STORE"], stores: [.healthy]),
        GoldenCase(
            name: "repair",
            lines: [
                "repair plan STORE", "repair apply STORE --out /mended",
                "salvage STORE --out /saved", "quarantine ls STORE",
            ]),
        GoldenCase(
            name: "operate",
            lines: [
                "lock STORE", "export STORE /rows.jsonl", "create /other --dimension 12",
                "import /other /rows.jsonl", "backup STORE /backups --json",
                "backup STORE /backups", "verify-backup /backups",
                "restore /backups /back --sequence 5", "checkpoint STORE /copy",
            ], stores: [.healthy]),
        GoldenCase(
            name: "help",
            lines: ["--help", "manifest --help", "verify --help", "backup --help", "salvage -h"],
            stores: [.healthy]),
        GoldenCase(name: "rebuild", lines: ["rebuild manifest STORE --out /made"]),
    ]

    static let all = look + others
}

@Suite struct GoldenTextTests {
    private static var isWriting: Bool { unsafe getenv("VARVE_WRITE_GOLDEN_TEXT") != nil }

    private static func transcript(_ golden: GoldenCase) throws -> String {
        var text = ""
        for store in golden.stores {
            let disk = try store.disk()
            for line in golden.lines {
                let run = ToolRun(
                    line.replacing("STORE", with: FixtureStore.root.text), on: disk)
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
