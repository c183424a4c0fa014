// What the harness itself promises: every case can be run again, and what it should notice it does.

import Testing
import Varve
import VarveFormat
import VarveOracle
import VarveStorage
import VarveStorageSimulation

@Suite struct HarnessTests {
    @Test(
        arguments: [
            (1, 40, "loseUnsynced"), (1, -1, "history"), (1, 9, "EIO-once"), (1, 77, "zero-byte"),
            (1, 200, "small:bit-3"), (1, 0, "open:stale-log"), (1, 0, "swap-blocks"),
            (Scenario.firstSeed, 20, "point:kill"), (Scenario.firstSeed + 5, 60, "recovery1:torn"),
            (Scenario.firstSeed + 5, 3, "call-noSpace-once"),
        ] as [(UInt64, Int, String)])
    func `a case runs again by its line`(seed: UInt64, place: Int, policy: String) throws {
        let outcome = try #require(
            try FuzzCase(seed: seed, place: place, policy: policy).run())
        #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
        #expect(policy == "history" || outcome.imageCounts.values.reduce(0, +) == 1)
    }

    @Test func `what is no policy is no case`() throws {
        #expect(try FuzzCase(seed: 1, place: 0, policy: "nonsense").run() == nil)
        #expect(try FuzzCase(seed: 1, place: 0, policy: "other:zero-byte").run() == nil)
    }

    @Test func `the smallest store has all kinds of files`() throws {
        let session = try DamageSession(seed: 1, .small)
        #expect(session.byteCount >= 16 << 10)
        for kind in ["CURRENT", "manifest", ".seg", ".del", ".wal"] {
            #expect(session.places(ending: kind)?.isEmpty == false, "\(kind)")
        }
    }

    @Test func `the bytes of every file are damaged to three other values`() throws {
        let session = try DamageSession(seed: 1, .small)
        for place in stride(from: 0, to: session.byteCount, by: 997) {
            var values: Set<[UInt8]> = []
            for kind in DamageSession.byteKinds {
                let (disk, path) = try #require(session.damagedDisk(kind, at: place))
                values.insert(try #require(disk.bytes(path)))
            }
            #expect(values.count == 3)
        }
    }

    @Test func `recall that has fallen is noticed`() throws {
        let scenario = try #require(Scenario.all(variant: 0).first { $0.name == "recall" })
        let disk = SimulatedFileSystem(seed: 1)
        let witness = Witness()
        let run = HistoryRun(scenario.plan, on: disk, witness, seed: 1)
        try run.create()
        for step in scenario.plan.steps { try run.perform(step) }
        try run.noteRecall()
        let count = witness.model.returnedCount
        #expect(witness.recalls[count, default: 0] > 0.9)
        let exam = ImageExam(scenario.plan)
        try exam.examine(
            DiskImage(CutPolicy.all[0], of: disk, witness, seed: 1), seed: 1, depth: 0)
        witness.recalls[count] = 1.02
        let image = DiskImage(CutPolicy.all[0], of: disk, witness, seed: 1)
        let error = #expect(throws: OracleFailure.self) {
            try exam.examine(image, seed: 1, depth: 0)
        }
        #expect(error?.description.hasPrefix("recall is") == true)
        try run.close()
    }

    @Test func `rows that have expired are not in the model`() {
        var model = OracleModel()
        let row = ModelRow(
            vector: [1], attributes: [Expiry.attributeName: .date(microseconds: 50)])
        model.issue([.upsert(1, input: [1], row: row), .delete(2)])
        #expect(model.state(after: 1, at: 49).count == 1)
        #expect(model.state(after: 1, at: 50).isEmpty)
        #expect(model.state(after: 1).count == 1)
    }
}
