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

    private func near(_ a: Row?, _ b: Row) -> Bool {
        guard let a, a.attributes == b.attributes else { return false }
        return zip(a.vector, b.vector).allSatisfy { abs($0 - $1) <= 0.001 }
    }

    @Test func `a healthy store needs no repair and stays as it is`() throws {
        let disk = try FixtureStore.healthy.disk()
        let before = disk.contents(below: Self.store)
        let plan = ToolRun("repair plan \(Self.store)", on: disk)
        #expect(plan.status == .clean)
        #expect(plan.text.contains("there is nothing to do"))
        let apply = ToolRun("repair apply \(Self.store) --in-place --plan x", on: disk)
        #expect(apply.status == .clean)
        #expect(disk.contents(below: Self.store) == before)
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
        let original = disk.contents(below: Self.store)
        flipEverywhere(disk)
        let damaged = disk.contents(below: Self.store)
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
            #expect(disk.contents(below: Self.store)[name] == content, "\(name)")
        }
        #expect(ToolRun("quarantine ls \(Self.store)", on: disk).text.contains("segments:"))
        let undo = ToolRun("repair undo \(Self.store)", on: disk)
        #expect(undo.status == .clean, "\(undo.errorText)")
        #expect(disk.contents(below: Self.store) == damaged)
    }

    @Test func `a repair in a new directory leaves the original alone`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try disk.rows(Self.store)
        flipEverywhere(disk)
        let before = disk.contents(below: Self.store)
        let run = ToolRun("repair apply \(Self.store) --out /mended", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        #expect(disk.contents(below: Self.store) == before)
        #expect(try disk.rows("/mended") == expected)
    }

    /// Removes the retired files.
    private func emptyTrash(_ disk: SimulatedFileSystem) throws {
        for file in disk.filePaths where file.text.hasPrefix(Self.store + "/trash/") {
            try disk.remove(file)
        }
    }

    @Test func `rows of a lost segment come back from retired logs`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try disk.rows(Self.store)
        let logs = disk.filePaths.filter { $0.text.contains("/trash/") }
        try #require(!logs.isEmpty, "the golden store has retired logs")
        let path = FixtureStore.files(disk, ".seg")[1]
        disk.damage(path, .truncate(byteCount: 5_000))
        let run = ToolRun("salvage \(Self.store) --out /saved --json", on: disk)
        #expect(run.text.contains("\"lost_rows\":0"), "\(run.text)\(run.errorText)")
        let saved = try disk.rows("/saved")
        #expect(saved.count == expected.count)
        for (id, row) in expected { #expect(near(saved[id], row), "\(id)") }
    }

    @Test func `salvage brings back what verifies and counts the rest`() throws {
        let (disk, kept, lostCount) = try ruin()
        let run = ToolRun("salvage \(Self.store) --out /saved --json", on: disk)
        #expect(run.status == .partial, "\(run.text)\(run.errorText)")
        let saved = try disk.rows("/saved")
        #expect(saved.count == kept.count)
        for (id, row) in kept { #expect(near(saved[id], row), "\(id)") }
        #expect(run.text.contains("\"lost_rows\":\(lostCount)"), "\(run.text)")
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
        let expected = try disk.rows(Self.store)
        let path = FixtureStore.files(disk, ".seg")[0]
        let nodes = try FixtureStore.offset(of: .nodes, in: path, disk)
        disk.damage(path, .zero(nodes..<nodes + 4_096))
        let plan = ToolRun("repair plan \(Self.store)", on: disk)
        #expect(plan.text.contains("up to"), "\(plan.text)")
        let run = ToolRun("repair apply \(Self.store) --out /saved", on: disk)
        #expect(run.status == .partial)
        let saved = try disk.rows("/saved")
        #expect(!saved.isEmpty && saved.count < expected.count)
        for (id, row) in saved { #expect(near(expected[id], row), "\(id)") }
    }

    @Test func `a store without manifests gets one from its segments`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try disk.rows(Self.store)
        for file in disk.filePaths where file.name.hasPrefix("manifest-") { try disk.remove(file) }
        try disk.remove(FilePath(Self.store + "/CURRENT"))
        let run = ToolRun("rebuild manifest \(Self.store) --out /made", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        #expect(Set(try disk.rows("/made").keys) == Set(expected.keys))
    }

    @Test func `graphs are made anew from rows`() throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try disk.rows(Self.store)
        let run = ToolRun("rebuild graph \(Self.store) -o /new", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        let found = try disk.rows("/new")
        #expect(found.count == expected.count)
        for (id, row) in expected { #expect(near(found[id], row)) }
        #expect(ToolRun("verify /new --level 4", on: disk).status == .clean)
    }

    private func planHash(_ disk: SimulatedFileSystem) throws -> String {
        let plan = ToolRun("repair plan \(Self.store) --json", on: disk)
        let start = try #require(plan.text.firstRange(of: "\"plan\":\""))
        return String(plan.text[start.upperBound...].prefix(16))
    }

    /// A store with one flipped bit in every file, CURRENT missing, and its last segment cut: the
    /// rows that verify, and how many do not.
    private func ruin() throws -> (
        disk: SimulatedFileSystem, kept: [RecordID: Row], lostCount: Int
    ) {
        let healthy = try FixtureStore.healthy.disk()
        let expected = try healthy.rows(Self.store)
        let disk = try FixtureStore.healthy.disk()
        try emptyTrash(disk)
        flipEverywhere(disk)
        try disk.remove(FilePath(Self.store + "/CURRENT"))
        let image = try StoreImage(healthy, FilePath(Self.store))
        let record = try #require(image.live?.manifest?.segments.last)
        let path = FilePath(Self.store).appending(FileNames.segment(record.id))
        let lostIDs = try lost(healthy, path, record)
        disk.damage(path, .truncate(byteCount: Int(record.byteCount) / 2))
        return (disk, expected.filter { !lostIDs.contains($0.key) }, record.liveCount)
    }

    @Test func `a repair in place keeps every row that verifies, and its undoing every byte`()
        throws
    {
        let (disk, kept, _) = try ruin()
        let before = disk.contents(below: Self.store)
        let line = "repair apply \(Self.store) --in-place --plan "
        let run = ToolRun(line + (try planHash(disk)), on: disk)
        #expect(run.status == .partial, "\(run.text)\(run.errorText)")
        let found = try disk.rows(Self.store)
        #expect(found.count == kept.count)
        for (id, row) in kept { #expect(near(found[id], row), "\(id)") }
        #expect(ToolRun("verify \(Self.store) --level 4", on: disk).status == .clean)
        #expect(!disk.filePaths.contains { $0.text.contains(".repairing") })
        let again = ToolRun(line + "x", on: disk)
        #expect(again.status == .clean && again.text.contains("nothing to do"))
        let undo = ToolRun("repair undo \(Self.store)", on: disk)
        #expect(undo.status == .clean, "\(undo.text)\(undo.errorText)")
        #expect(disk.contents(below: Self.store) == before)
    }

    @Test func `a repair is not undone over writes that came later`() throws {
        let (disk, kept, _) = try ruin()
        let line = "repair apply \(Self.store) --in-place --plan "
        #expect(ToolRun(line + (try planHash(disk)), on: disk).status == .partial)
        let store = try Store.open(at: Self.store, on: disk, SimulatedRuntime(seed: 9))
        try store.upsert(id: 5_000, vector: [Float](repeating: 1, count: 12))
        try store.close()
        let undo = ToolRun("repair undo \(Self.store)", on: disk)
        #expect(undo.status == .usage && undo.errorText.contains("would lose"))
        let back = ToolRun("quarantine restore \(Self.store) CURRENT", on: disk)
        #expect(back.status == .usage)
        #expect(try disk.rows(Self.store).count == kept.count + 1)
        #expect(ToolRun("quarantine drop \(Self.store)", on: disk).status == .clean)
        #expect(ToolRun("quarantine ls \(Self.store)", on: disk).text.contains("(none)"))
        #expect(!disk.filePaths.contains { $0.text.contains("quarantine") })
    }

    @Test func `a repair in place that is cut off anywhere can be undone`() throws {
        let (model, _, _) = try ruin()
        let before = model.contents(below: Self.store)
        let hash = try planHash(model)
        let line = "repair apply \(Self.store) --in-place --plan \(hash)"
        let whole = model.crash(.keepAll, seed: 1)
        let start = whole.operationCount
        #expect(ToolRun(line, on: whole).status == .partial)
        let count = whole.operationCount - start
        #expect(count > 60)
        for place in stride(from: count / 2, to: count, by: 3) {
            let disk = model.crash(.keepAll, seed: 1)
            let first = disk.operationCount
            disk.faults.add(
                FaultRule(
                    .fail(.inputOutput), on: Set(DiskCall.allCases.filter(\.isMutating)),
                    trigger: .operation(first + place), repeats: true))
            let run = ToolRun(line, on: disk)
            disk.faults.heal()
            guard run.status != .partial else { continue }
            let undo = ToolRun("repair undo \(Self.store)", on: disk)
            if undo.status == .usage {
                // It had not begun to change the store.
                #expect(undo.errorText.contains("no repair"), "\(place): \(undo.errorText)")
            } else {
                #expect(undo.status == .clean, "\(place): \(undo.text)\(undo.errorText)")
            }
            #expect(disk.contents(below: Self.store) == before, "cut before call \(place)")
        }
    }

    @Test func `files of a quarantine come back or go one by one`() throws {
        let disk = try FixtureStore.healthy.disk()
        flipEverywhere(disk)
        let damaged = disk.contents(below: Self.store)
        let line = "repair apply \(Self.store) --in-place --plan \(try planHash(disk))"
        #expect(ToolRun(line, on: disk).status == .clean)
        let second = ToolRun(line, on: disk)
        #expect(second.status == .clean && second.text.contains("nothing to do"))
        let list = ToolRun("quarantine ls \(Self.store) --json", on: disk)
        #expect(list.text.contains("\"original\":\"CURRENT\""), "\(list.text)")
        #expect(
            ToolRun("quarantine restore \(Self.store) CURRENT", on: disk).status == .clean)
        #expect(
            disk.bytes(FilePath(Self.store + "/CURRENT")) == damaged[Self.store + "/CURRENT"])
        #expect(ToolRun("quarantine restore \(Self.store) CURRENT", on: disk).status == .usage)
        #expect(
            ToolRun("quarantine drop \(Self.store) manifest-000002", on: disk).status == .clean)
        #expect(ToolRun("quarantine drop \(Self.store) nothing", on: disk).status == .usage)
        #expect(ToolRun("repair undo \(Self.store)", on: disk).status == .clean)
        // All but the file that was dropped is as it was.
        let now = disk.contents(below: Self.store)
        #expect(
            now.filter { damaged[$0.key] != $0.value }.map(\.key) == [
                Self.store + "/manifest-000002"
            ])
    }

    @Test(arguments: ["nodes", "codes", "walk", "codebook"])
    func `codes are made anew under the same rows and the same graph`(section: String) throws {
        let disk = try FixtureStore.healthy.disk()
        let expected = try disk.rows(Self.store)
        let path = FixtureStore.files(disk, ".seg")[0]
        let graph = ToolRun("graph neighbors \(Self.store) 1 7 --json", on: disk).text
        if section != "nodes" {
            let name = try #require(SegmentSection(rawValue: section))
            let offset = try FixtureStore.offset(of: name, in: path, disk)
            disk.damage(path, .zero(offset..<offset + 64))
        }
        let run = ToolRun("rebuild pq \(Self.store) --out /new", on: disk)
        #expect(run.status == .clean, "\(run.text)\(run.errorText)")
        #expect(ToolRun("verify /new --level 4", on: disk).status == .clean)
        #expect(try disk.rows("/new") == expected)
        #expect(ToolRun("graph neighbors /new 1 7 --json", on: disk).text == graph)
        #expect(
            ToolRun("rebuild pq \(Self.store) --segment 99 --out /x", on: disk).status == .usage)
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
