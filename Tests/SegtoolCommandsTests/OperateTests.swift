// Daily life: stores filled and emptied, backed up and restored, measured and drawn.

import SegtoolCommands
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct OperateTests {
    private static let store = FixtureStore.root.text

    private func ids(_ disk: SimulatedFileSystem, _ path: String) throws -> Set<RecordID> {
        Set(try disk.rows(path).keys)
    }

    private func write(_ disk: SimulatedFileSystem, _ path: String, _ ids: Range<UInt64>) throws {
        let store = try Store.open(at: path, on: disk, SimulatedRuntime(seed: 1))
        var batch = WriteBatch()
        for id in ids {
            let vector = (0..<store.schema.dimension).map { Float(id % 7 + UInt64($0)) + 1 }
            batch.upsert(id: .number(id), vector: vector)
        }
        try store.write(batch)
        try store.close()
    }

    @Test func `a store is created, filled, emptied into files and compared`() throws {
        let disk = SimulatedFileSystem(seed: 2)
        #expect(ToolRun("create /a --dimension 12 --metric cosine", on: disk).status == .clean)
        #expect(ToolRun("create /a --dimension 12", on: disk).status == .usage)
        #expect(ToolRun("create /b", on: disk).status == .usage)
        try write(disk, "/a", 0..<50)
        for name in ["rows.jsonl", "rows.fbin", "rows.npy"] {
            let extra = name == "rows.jsonl" ? "" : " --attributes /\(name).meta"
            let out = ToolRun("export /a /\(name)\(extra)", on: disk)
            #expect(out.status == .clean, "\(out.errorText)")
            #expect(
                ToolRun("create /\(name).store --dimension 12 --metric cosine", on: disk).status
                    == .clean)
            let into = ToolRun("import /\(name).store /\(name)\(extra)", on: disk)
            #expect(into.status == .clean, "\(into.errorText)")
            let diff = ToolRun("diff /a /\(name).store --json", on: disk)
            #expect(diff.text.contains("\"removed\":0,\"added\":0"), "\(diff.text)")
        }
        let batches = ToolRun("create /c --dimension 12 --metric cosine", on: disk)
        #expect(batches.status == .clean)
        #expect(ToolRun("import /c /rows.jsonl --batch 7", on: disk).status == .clean)
        #expect(try ids(disk, "/c") == ids(disk, "/a"))
        #expect(ToolRun("import /c /nothing.fbin", on: disk).status == .usage)
    }

    @Test func `a backup of an unchanged store copies nothing`() throws {
        let disk = try FixtureStore.healthy.disk()
        let first = ToolRun("backup \(Self.store) /backups --json", on: disk)
        #expect(first.status == .clean, "\(first.errorText)")
        #expect(!first.text.contains("\"copied_bytes\":0,"))
        let second = ToolRun("backup \(Self.store) /backups --json", on: disk)
        #expect(second.text.contains("\"copied_bytes\":0,"), "\(second.text)")
        #expect(second.text.contains("\"number\":1,"), "no second list for the same content")
        #expect(ToolRun("verify-backup /backups", on: disk).status == .clean)
        let restored = ToolRun("restore /backups /back", on: disk)
        #expect(restored.status == .clean, "\(restored.errorText)")
        #expect(try ids(disk, "/back") == ids(disk, Self.store))
        #expect(ToolRun("diff \(Self.store) /back --json", on: disk).text.contains("\"changed\":0"))
    }

    @Test func `any noted write can be gone back to`() throws {
        let disk = try FixtureStore.healthy.disk()
        var states: [(sequence: UInt64, ids: Set<RecordID>)] = []
        for step in 0..<4 as Range<UInt64> {
            try write(disk, Self.store, 1_000 + step * 10..<1_010 + step * 10)
            if step == 2 {
                let store = try Store.open(at: Self.store, on: disk, SimulatedRuntime(seed: 1))
                try store.flush()
                try store.close()
            }
            let run = ToolRun("backup \(Self.store) /backups --json", on: disk)
            #expect(run.status == .clean, "\(run.errorText)")
            let store = try Store.open(
                at: Self.store, on: disk, SimulatedRuntime(seed: 1), readOnly: true)
            states.append((try store.statistics().sequence.rawValue, try ids(disk, Self.store)))
            try store.close()
        }
        for (index, state) in states.enumerated() {
            let run = ToolRun(
                "restore /backups /back\(index) --sequence \(state.sequence)", on: disk)
            #expect(run.status == .clean, "\(run.text)\(run.errorText)")
            #expect(try ids(disk, "/back\(index)") == state.ids, "write \(state.sequence)")
        }
        let early = ToolRun("restore /backups /early --at 1971-01-01T00:00:00Z", on: disk)
        #expect(early.status == .usage)
    }

    @Test func `a damaged backup is found, and is not restored`() throws {
        let disk = try FixtureStore.healthy.disk()
        #expect(ToolRun("backup \(Self.store) /backups", on: disk).status == .clean)
        let blobs = disk.filePaths.filter { $0.text.hasPrefix("/backups/blobs/") }
        let largest = try #require(
            blobs.max { (disk.bytes($0)?.count ?? 0) < (disk.bytes($1)?.count ?? 0) })
        disk.damage(largest, .flipBit(offset: 9_000, bit: 1))
        #expect(ToolRun("verify-backup /backups", on: disk).status == .corruption)
        #expect(ToolRun("restore /backups /back", on: disk).status == .corruption)
    }

    @Test func `a damaged store is not backed up`() throws {
        let disk = try FixtureStore.healthy.disk()
        let segment = FixtureStore.files(disk, ".seg")[0]
        disk.damage(segment, .flipBit(offset: 9_000, bit: 1))
        #expect(ToolRun("backup \(Self.store) /backups", on: disk).status == .corruption)
    }

    @Test func `a checkpoint, a merge and a purge leave the same rows`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try ids(disk, Self.store)
        #expect(ToolRun("checkpoint \(Self.store) /copy", on: disk).status == .clean)
        #expect(try ids(disk, "/copy") == expected)
        #expect(ToolRun("compact \(Self.store) --all", on: disk).status == .clean)
        #expect(try ids(disk, Self.store) == expected)
        #expect(ToolRun("purge \(Self.store)", on: disk).status == .clean)
        #expect(try ids(disk, Self.store) == expected)
        #expect(ToolRun("verify \(Self.store) --level 4", on: disk).status == .clean)
    }

    @Test func `a package and a page are made without user data when asked`() throws {
        let disk = try FixtureStore.healthy.disk()
        let run = ToolRun("bundle \(Self.store) --redact -o /support.tar", on: disk)
        #expect(run.status == .clean, "\(run.errorText)")
        let bytes = try #require(disk.bytes(FilePath("/support.tar")))
        #expect(bytes.count % 512 == 0)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("segtool/verify.json"))
        #expect(!text.contains("package-3"))
        #expect(!text.contains("weight"))
        let page = ToolRun("report \(Self.store) -o /report.html --redact", on: disk)
        #expect(page.status == .clean, "\(page.errorText)")
        let html = String(
            decoding: try #require(disk.bytes(FilePath("/report.html"))), as: UTF8.self)
        #expect(html.contains("<svg") && !html.contains("package-3"))
        for word in ["http:", "https:", "<script", "@import", "src="] {
            #expect(!html.contains(word), "\(word)")
        }
    }

    @Test func `a quick measure leaves nothing behind`() throws {
        let disk = SimulatedFileSystem(seed: 2)
        let run = ToolRun("bench /scratch --rows 300 --dimension 8", on: disk)
        #expect(run.status == .clean, "\(run.errorText)")
        #expect(run.text.contains("recall@10"))
        #expect(disk.filePaths.isEmpty)
    }
}
