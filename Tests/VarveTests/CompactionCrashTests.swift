// Power cuts, failing disks and damage while segments are merged.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct CompactionCrashTests {
    /// The disks that power cuts at every second moment of a merge would leave, with what the store
    /// had to hold then.
    private static func images(
        _ policy: CrashPolicy, seed: UInt64
    ) throws -> [(disk: SimulatedFileSystem, rows: [Row])] {
        let stepped = try SteppedStore(segmentRowCounts: [30, 20, 25], seed: seed)
        try stepped.delete(40)
        try stepped.begin()
        let images = Mutex<[SimulatedFileSystem]>([])
        let disk = stepped.disk
        disk.onOperation { [unowned disk] operation in
            guard UInt64(operation.index) % 2 == seed % 2 else { return }
            let image = disk.crash(policy, seed: seed &+ UInt64(operation.index))
            images.withLock { $0.append(image) }
        }
        var all: [(disk: SimulatedFileSystem, rows: [Row])] = []
        var round: UInt64 = 0
        while stepped.store.compactionStep() {
            let taken = images.withLock { images in
                defer { images = [] }
                return images
            }
            all += taken.map { ($0, stepped.expected) }
            disk.onOperation(nil)
            try stepped.delete(.number(round))
            try stepped.upsert(.number(20 + round))
            try stepped.upsert(.number(200 + round))
            disk.onOperation { [unowned disk] operation in
                guard UInt64(operation.index) % 2 == seed % 2 else { return }
                let image = disk.crash(policy, seed: seed &+ UInt64(operation.index))
                images.withLock { $0.append(image) }
            }
            round += 1
        }
        disk.onOperation(nil)
        all += images.withLock { $0 }.map { ($0, stepped.expected) }
        all.append((disk.crash(policy, seed: seed), stepped.expected))
        #expect(try stepped.store.statistics().segmentCount == 1)
        return all
    }

    @Test(
        arguments: zip(
            [CrashPolicy.loseUnsynced, .keepAll, .randomPrefixPerFile, .randomSubsetPerSector],
            1...4 as ClosedRange<UInt64>))
    func `a power cut at any moment of a merge loses nothing`(
        policy: CrashPolicy, seed: UInt64
    ) throws {
        var counts: Set<Int> = []
        for (number, image) in try Self.images(policy, seed: seed).enumerated() {
            let store = try Store.open(
                at: "/store", on: image.disk, SimulatedRuntime(seed: UInt64(number)),
                options: SteppedStore.options)
            #expect(
                try SteppedStore.contents(try store.snapshot()) == image.rows, "cut \(number)")
            counts.insert(try store.statistics().segmentCount)
            try store.compact(.all)
            #expect(
                try SteppedStore.contents(try store.snapshot()) == image.rows, "cut \(number)")
            try store.close()
            // What the cut has left of the merge is gone.
            let names = try image.disk.list(FilePath("/store/segments"))
            #expect(names.count == 1, "cut \(number): \(names)")
        }
        #expect(counts.isSuperset(of: [1, 3]), "cuts before and after the publication")
    }

    /// Calls that fail, and on which files.
    static let troubles: [(call: DiskCall, suffix: String)] = [
        (.write, ".seg"), (.sync, ".seg"), (.open, ".seg"), (.read, ".seg"), (.map, ".seg"),
        (.write, ".del"), (.syncDirectory, "segments"),
    ]

    @Test(arguments: troubles.indices, [DiskFailure.noSpace, .inputOutput])
    func `a merge that meets a failing disk is told, leaves nothing, and succeeds later`(
        trouble: Int, failure: DiskFailure
    ) throws {
        let failures = Mutex<[StoreError]>([])
        var listener = EventListener()
        listener.backgroundFailure = { error in failures.withLock { $0.append(error) } }
        let stepped = try SteppedStore(segmentRowCounts: [30, 20, 25], listener: listener)
        try stepped.begin()
        _ = stepped.store.compactionStep()
        try stepped.delete(5)
        try stepped.store.flush()
        let files = stepped.segmentFiles.filter { $0.hasSuffix(".seg") }
        let (call, suffix) = Self.troubles[trouble]
        stepped.disk.faults.add(
            FaultRule(.fail(failure), on: [call], paths: .suffix(suffix), repeats: true))
        for _ in 0..<20 { _ = stepped.store.compactionStep() }
        #expect(!failures.withLock { $0 }.isEmpty)
        stepped.disk.faults.heal()
        #expect(stepped.segmentFiles.filter { $0.hasSuffix(".seg") } == files)
        try stepped.upsert(900)
        try stepped.check()
        try stepped.store.compact(.all)
        try stepped.check("after the disk was mended")
        #expect(try stepped.store.statistics().segmentCount == 1)
        try stepped.reopen()
        try stepped.check("reopened")
    }

    @Test func `a damaged segment is left alone, and the others are merged`() throws {
        var options = SteppedStore.options
        options.compaction.isAutomatic = true
        options.compaction.tierCount = 2
        let stepped = try SteppedStore(options: options)
        for id in 0..<40 as Range<UInt64> { try stepped.upsert(.number(id)) }
        try stepped.store.flush()
        let first = try #require(stepped.segmentFiles.first)
        for id in 100..<160 as Range<UInt64> { try stepped.upsert(.number(id)) }
        try stepped.store.flush()
        let path = FilePath("/store/segments/\(first)")
        let bytes = try #require(stepped.disk.bytes(path))
        let vector = try #require(stepped.expected.first?.vector)
        let start = vector[0].bitPattern.littleEndian
        let wanted = unsafe withUnsafeBytes(of: start) { unsafe [UInt8]($0) }
        let offset = try #require(
            bytes.indices.dropLast(4).last { bytes[$0..<$0 + 4].elementsEqual(wanted) })
        #expect(stepped.disk.damage(path, .flipBit(offset: offset, bit: 3)))
        for _ in 0..<30 { _ = stepped.store.compactionStep() }
        for id in 200..<260 as Range<UInt64> { try stepped.upsert(.number(id)) }
        try stepped.store.flush()
        #expect(try stepped.store.statistics().mergeCount == 0)
        // A failure is followed by a rest.
        stepped.runtime.sleep(nanoseconds: 10_000_000_000)
        for _ in 0..<30 { _ = stepped.store.compactionStep() }
        #expect(try stepped.store.statistics().mergeCount == 1)
        #expect(stepped.segmentFiles.contains(first))
        // It is left alone only where nothing has to go.
        #expect(try stepped.store.purge().mergeCount == 0)
        for id in [0, 150] as [UInt64] { try stepped.delete(.number(id)) }
        let refusal = #expect(throws: StoreError.self) { try stepped.store.purge() }
        #expect(refusal?.code == .corruption)
        #expect(refusal?.place?.file == "segments/\(first)")
        #expect(try stepped.store.statistics().mergeCount == 2)
        #expect(try stepped.store.statistics().deadRowCount == 1)
    }
}
