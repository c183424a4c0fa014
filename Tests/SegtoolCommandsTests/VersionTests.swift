// Older versions, and disks that are read no faster than asked.

import SegtoolCommands
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct VersionTests {
    /// A store whose second version has rows 0 to 9, and whose third has 10 to 14 as well, without
    /// row 3 and with another row 4; row 99 is in the log alone.
    private func disk() throws -> SimulatedFileSystem {
        try .withStore { store in
            func write(_ ids: [UInt64], _ y: Float) throws {
                var batch = WriteBatch()
                for id in ids { batch.upsert(id: .number(id), vector: [Float(id), y]) }
                try store.write(batch)
            }
            try write(Array(0..<10), 0)
            try store.flush()
            try write(Array(10..<15), 0)
            try write([4], 7)
            try store.delete(id: 3)
            try store.flush()
            try write([99], 0)
        }
    }

    @Test func `rows are read as an older version has them`() throws {
        let disk = try disk()
        #expect(ToolRun("get /s 3", on: disk).status == .usage)
        #expect(ToolRun("get /s 3 --snapshot 2", on: disk).status == .clean)
        #expect(ToolRun("get /s 4 --snapshot 2", on: disk).text.contains("4.00000 0.00000"))
        #expect(ToolRun("get /s 4 --snapshot 3", on: disk).text.contains("4.00000 7.00000"))
        #expect(ToolRun("get /s 99", on: disk).status == .clean)
        #expect(ToolRun("get /s 99 --snapshot 3", on: disk).status == .usage)
        let search = ToolRun("search /s --vector 12,0 --k 1 --snapshot 2 --json", on: disk)
        #expect(search.text.contains("\"id\":9"), "\(search.text)")
        let export = ToolRun("export /s /old.jsonl --snapshot 2 --json", on: disk)
        #expect(export.text.contains("\"rows\":10,"), "\(export.text)\(export.errorText)")
        #expect(ToolRun("get /s 4 --snapshot 77", on: disk).status == .usage)
        #expect(ToolRun("verify /s --snapshot 2 --level 4", on: disk).status == .oddity)
        let salvage = ToolRun("salvage /s --snapshot 2 --out /saved --json", on: disk)
        #expect(salvage.status == .clean, "\(salvage.text)\(salvage.errorText)")
    }

    @Test func `versions of one store are compared row by row`() throws {
        let disk = try disk()
        let run = ToolRun("diff /s@2 /s@3 --json", on: disk)
        #expect(run.status == .clean, "\(run.errorText)")
        #expect(
            run.text.contains("\"same\":8,\"changed\":1,\"removed\":1,\"added\":5"), "\(run.text)")
        let live = ToolRun("diff /s@3 /s --json", on: disk)
        #expect(
            live.text.contains("\"same\":14,\"changed\":0,\"removed\":0,\"added\":1"),
            "\(live.text)")
        #expect(ToolRun("diff /s@9 /s", on: disk).status == .usage)
    }

    @Test(arguments: [
        "import /s /rows.fbin", "compact /s", "purge /s", "repair undo /s", "checkpoint /s /c",
        "current set /s 2", "restore /b /n", "create /n --dimension 2", "bench /x", "diff /s /s",
        "man", "lock /s",
    ])
    func `a version is refused where there is none to choose`(line: String) throws {
        let run = ToolRun(line + " --snapshot 2", on: try disk())
        if line == "lock /s" {
            #expect(run.status == .clean)
        } else {
            #expect(run.status == .usage, "\(run.text)")
            #expect(run.errorText.contains("--snapshot"), "\(run.errorText)")
        }
    }

    @Test(arguments: [
        "verify /s", "salvage /s --out /saved", "export /s /rows.jsonl", "find /s 4",
        "graph check /s 3", "backup /s /backups", "repair plan /s", "search /s --id 4 --exact",
        "rebuild pq /s --out /new", "segment blocks /s 3", "scrub /s --state /state",
    ])
    func `every verb keeps to a rate of reading`(line: String) throws {
        func seconds(_ flags: String) throws -> Double {
            let runtime = SimulatedRuntime(seed: 4)
            let start = runtime.monotonicNanoseconds()
            let run = ToolRun(line + flags, on: try disk(), runtime)
            #expect(run.status == .clean, "\(run.text)\(run.errorText)")
            return Double(runtime.monotonicNanoseconds() - start) / 1e9
        }
        let free = try seconds("")
        let slow = try seconds(" --rate 0.01")
        let slower = try seconds(" --rate 0.001")
        // At least one file of several kilobytes is read.
        #expect(slow > free + 0.1, "\(free) \(slow)")
        #expect(slower > slow * 5, "\(slow) \(slower)")
    }
}
