// Mending: nothing is done to what is healthy, nothing that verifies is lost, and all is counted.

import SegtoolCommands
import Testing
import Varve
import VarveCheck
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct MendTests {
    private static let store = FixtureStore.root.text

    private func rows(_ disk: SimulatedFileSystem, _ path: String) throws -> [RecordID: Row] {
        let store = try Store.open(at: path, on: disk, SimulatedRuntime(seed: 1), readOnly: true)
        defer { try? store.close() }
        var rows: [RecordID: Row] = [:]
        try store.snapshot().forEachRow { row throws(StoreError) in
            rows[row.id] = row
            return true
        }
        return rows
    }

    private func bytes(_ disk: SimulatedFileSystem, below path: String) -> [String: [UInt8]] {
        var all: [String: [UInt8]] = [:]
        for file in disk.filePaths where file.text.hasPrefix(path + "/") {
            guard file.name != FileNames.lock else { continue }
            all[file.text] = disk.bytes(file)
        }
        return all
    }

    private func near(_ a: Row?, _ b: Row) -> Bool {
        guard let a, a.attributes == b.attributes else { return false }
        return zip(a.vector, b.vector).allSatisfy { abs($0 - $1) <= 0.001 }
    }

    @Test func `a healthy store needs no repair and stays as it is`() throws {
        let disk = try FixtureStore.healthy.disk()
        let before = bytes(disk, below: Self.store)
        let plan = ToolRun("repair plan \(Self.store)", on: disk)
        #expect(plan.status == .clean)
        #expect(plan.text.contains("there is nothing to do"))
        let apply = ToolRun("repair apply \(Self.store) --in-place --plan x", on: disk)
        #expect(apply.status == .clean)
        #expect(bytes(disk, below: Self.store) == before)
    }

    /// One flipped bit in the middle of every file.
    private func flipEverywhere(_ disk: SimulatedFileSystem) {
        for file in disk.filePaths where file.text.hasPrefix(Self.store + "/") {
            guard let count = disk.bytes(file)?.count, file.name != FileNames.lock else { continue }
            disk.damage(file, .flipBit(offset: count / 2 + 1, bit: count % 8))
        }
    }

    @Test func `one flipped bit in every file is put right in place, and the way back is exact`()
        throws
    {
        let disk = try FixtureStore.healthy.disk()
        let original = bytes(disk, below: Self.store)
        flipEverywhere(disk)
        let damaged = bytes(disk, below: Self.store)
        let plan = ToolRun("repair plan \(Self.store) --json", on: disk)
        #expect(plan.status == .corruption)
        let marker = "\"plan\":\""
        let start = try #require(plan.text.firstRange(of: marker))
        let hash = String(plan.text[start.upperBound...].prefix(16))
        let wrong = ToolRun("repair apply \(Self.store) --in-place --plan 0000", on: disk)
        #expect(wrong.status == .usage)
        let apply = ToolRun("repair apply \(Self.store) --in-place --plan \(hash)", on: disk)
        #expect(apply.status == .clean, "\(apply.text)\(apply.errorText)")
        // Nobody needs what is in the trash: it is left as it is.
        for (name, content) in original where !name.contains("/trash/") {
            #expect(bytes(disk, below: Self.store)[name] == content, "\(name)")
        }
        #expect(ToolRun("quarantine ls \(Self.store)", on: disk).text.contains("segments:"))
        let undo = ToolRun("repair undo \(Self.store)", on: disk)
        #expect(undo.status == .clean, "\(undo.errorText)")
        #expect(bytes(disk, below: Self.store) == damaged)
    }

    @Test func `a repair in a new directory leaves the original alone`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try rows(disk, Self.store)
        flipEverywhere(disk)
        let before = bytes(disk, below: Self.store)
        let run = ToolRun("repair apply \(Self.store) --out /mended", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        #expect(bytes(disk, below: Self.store) == before)
        #expect(try rows(disk, "/mended") == expected)
    }

    /// Removes the retired files.
    private func emptyTrash(_ disk: SimulatedFileSystem) throws {
        for file in disk.filePaths where file.text.hasPrefix(Self.store + "/trash/") {
            try disk.remove(file)
        }
    }

    @Test func `rows of a lost segment come back from retired logs`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try rows(disk, Self.store)
        let logs = disk.filePaths.filter { $0.text.contains("/trash/") }
        try #require(!logs.isEmpty, "the golden store has retired logs")
        let path = FixtureStore.files(disk, ".seg")[1]
        disk.damage(path, .truncate(byteCount: 5_000))
        let run = ToolRun("salvage \(Self.store) --out /saved --json", on: disk)
        #expect(run.text.contains("\"lost_rows\":0"), "\(run.text)\(run.errorText)")
        let saved = try rows(disk, "/saved")
        #expect(saved.count == expected.count)
        for (id, row) in expected { #expect(near(saved[id], row), "\(id)") }
    }

    @Test func `salvage brings back what verifies and counts the rest`() throws {
        let healthy = try FixtureStore.healthy.disk()
        let expected = try rows(healthy, Self.store)
        let disk = try FixtureStore.healthy.disk()
        try emptyTrash(disk)
        flipEverywhere(disk)
        try disk.remove(FilePath(Self.store + "/CURRENT"))
        let image = try StoreImage(healthy, FilePath(Self.store))
        let record = try #require(image.live?.manifest?.segments.last)
        let path = FilePath(Self.store).appending(FileNames.segment(record.id))
        let lostIDs = try lost(healthy, path, record)
        disk.damage(path, .truncate(byteCount: Int(record.byteCount) / 2))
        let run = ToolRun("salvage \(Self.store) --out /saved --json", on: disk)
        #expect(run.status == .partial, "\(run.text)\(run.errorText)")
        let saved = try rows(disk, "/saved")
        let kept = expected.filter { !lostIDs.contains($0.key) }
        #expect(saved.count == kept.count)
        for (id, row) in kept { #expect(near(saved[id], row), "\(id)") }
        #expect(run.text.contains("\"lost_rows\":\(record.liveCount)"), "\(run.text)")
    }

    /// The ids of a segment's live rows that no log has written again.
    private func lost(
        _ disk: SimulatedFileSystem, _ path: FilePath, _ record: SegmentRecord
    ) throws -> Set<RecordID> {
        let segment = try SegmentImage(
            disk, path: path, name: path.name, role: .live, record: record)
        var ids: Set<RecordID> = []
        for row in 0..<UInt32(record.rowCount) {
            if let id = try segment.id(of: RowOrdinal(row)) { ids.insert(id) }
        }
        return ids
    }

    @Test func `a zeroed block loses its rows and no others`() throws {
        let disk = try FixtureStore.healthy.disk()
        try emptyTrash(disk)
        let expected = try rows(disk, Self.store)
        let path = FixtureStore.files(disk, ".seg")[0]
        let nodes = try FixtureStore.offset(of: .nodes, in: path, disk)
        disk.damage(path, .zero(nodes..<nodes + 4_096))
        let plan = ToolRun("repair plan \(Self.store)", on: disk)
        #expect(plan.text.contains("up to"), "\(plan.text)")
        let run = ToolRun("repair apply \(Self.store) --out /saved", on: disk)
        #expect(run.status == .partial)
        let saved = try rows(disk, "/saved")
        #expect(!saved.isEmpty && saved.count < expected.count)
        for (id, row) in saved { #expect(near(expected[id], row), "\(id)") }
    }

    @Test func `a store without manifests gets one from its segments`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try rows(disk, Self.store)
        for file in disk.filePaths where file.name.hasPrefix("manifest-") { try disk.remove(file) }
        try disk.remove(FilePath(Self.store + "/CURRENT"))
        let run = ToolRun("rebuild manifest \(Self.store) --out /made", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        #expect(Set(try rows(disk, "/made").keys) == Set(expected.keys))
    }

    @Test func `graphs are made anew from rows`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try rows(disk, Self.store)
        let run = ToolRun("rebuild graph \(Self.store) -o /new", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        let found = try rows(disk, "/new")
        #expect(found.count == expected.count)
        for (id, row) in expected { #expect(near(found[id], row)) }
        #expect(ToolRun("verify /new --level 4", on: disk).status == .clean)
    }

    @Test func `CURRENT is set with checks and can be set back`() throws {
        let disk = try FixtureStore.healthy.disk()
        #expect(ToolRun("current set \(Self.store) 99", on: disk).status == .usage)
        let run = ToolRun("current set \(Self.store) 2", on: disk)
        #expect(run.status == .clean)
        #expect(run.text.contains("to undo: segtool current set \(Self.store) 3"))
        #expect(ToolRun("info \(Self.store)", on: disk).text.contains("version    2"))
        #expect(ToolRun("current set \(Self.store) 3", on: disk).status == .clean)
        #expect(ToolRun("verify \(Self.store)", on: disk).status == .clean)
    }
}
