// Help, completion, the manual page, and command lines that are not understood.

import SegtoolCommands
import Testing
import VarveStorage
import VarveStorageSimulation

@Suite struct HelpTests {
    private let disk = SimulatedFileSystem(seed: 1)

    @Test func `help has every exit status`() {
        let run = ToolRun([])
        #expect(run.status == .usage)
        for status in ExitStatus.allCases { #expect(run.text.contains("\n  \(status.rawValue)  ")) }
    }

    @Test func `every verb has help with an example`() {
        let overview = ToolRun(["--help"]).text
        let names = overview.split(separator: "\n").filter {
            $0.hasPrefix(" ") && $0.dropFirst(2).first?.isLowercase == true
        }.map { line -> String in
            let body = line.dropFirst(2)
            return String(body[..<(body.firstRange(of: "  ")?.lowerBound ?? body.endIndex)])
        }
        #expect(names.count > 20)
        for name in names where !name.contains("STORE") {
            let run = ToolRun(name.split(separator: " ").map(String.init) + ["--help"])
            #expect(run.status == .clean, "\(name)")
            #expect(run.text.contains("\nExamples\n  "), "\(name)")
            #expect(run.text.contains("usage: segtool \(name)"), "\(name)")
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completion knows every verb`(shell: String) {
        let run = ToolRun(["completion", shell])
        #expect(run.status == .clean)
        for word in ["verify", "hexdump", "--json", "scrub"] {
            #expect(run.text.contains(word.replacing("--", with: shell == "fish" ? "-l " : "--")))
        }
    }

    @Test func `the manual page has every section`() {
        let text = ToolRun(["man"]).text
        for section in ["NAME", "LOOK", "VERIFY", "EXIT STATUS", "EXAMPLES"] {
            #expect(text.contains(".SH \(section)"), "\(section)")
        }
    }

    @Test(arguments: [
        "frobnicate", "info", "info /nowhere", "verify /store --level 9", "info /store --nope",
        "manifest", "verify /store --json --json", "info /store more", "verify /store --rate x",
        "completion csh", "segment header /store 999", "wal dump /store x",
    ])
    func `what is not understood is a usage error`(line: String) throws {
        let run = ToolRun(line, on: try FixtureStore.healthy.disk())
        #expect(run.status == .usage, "\(run.text)\(run.errorText)")
    }
}
