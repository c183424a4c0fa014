// Healthy stores have no findings, at any level, and are not written to.

import Testing
import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage
import VarveStorageSimulation

@Suite struct HealthyTests {
    @Test(arguments: CheckLevel.allCases)
    func `a healthy store has no findings and stays as it is`(level: CheckLevel) throws {
        let sample = try SampleStore()
        let before = sample.disk.operationCount
        var request = CheckRequest()
        request.level = level
        let report = try StoreCheck.run(sample.disk, SampleStore.root, request)
        #expect(report.findings.map(\.description) == [])
        #expect(report.worst == nil)
        #expect(sample.disk.operationCount == before)
        #expect(report.fileCount > 5)
        if level >= .recall {
            #expect(report.recalls.count == 2)
            #expect(report.encodedCount > 100)
        }
    }

    @Test func `a store whose process died has a torn tail at most`() throws {
        let sample = try SampleStore(closes: false)
        for policy in CrashPolicy.all {
            let disk = sample.disk.crash(policy, seed: 3)
            let report = try StoreCheck.run(disk, SampleStore.root)
            #expect((report.worst ?? .oddity) == .oddity, "\(report.findings)")
        }
    }

    @Test func `an image says what every file is`() throws {
        let sample = try SampleStore()
        let image = try StoreImage(sample.disk, SampleStore.root)
        #expect(image.isLiveByPointer)
        #expect(image.live?.manifest?.segments.count == 2)
        #expect(image.schema == SampleStore.schema)
        let roles = Dictionary(grouping: image.entries, by: \.role).mapValues(\.count)
        #expect(roles[.stranger] == nil)
        #expect((roles[.live] ?? 0) >= 6)
        let first = try #require(image.versions.first)
        let older = try StoreImage(sample.disk, SampleStore.root, version: first.number)
        #expect(older.live?.number == first.number)
        #expect(!older.isLiveByPointer)
    }

    @Test func `an observer can end a check`() throws {
        let sample = try SampleStore()
        var request = CheckRequest()
        request.observer = { $0.readByteCount < 5_000 }
        let report = try StoreCheck.run(sample.disk, SampleStore.root, request)
        #expect(report.isPartial)
    }
}
