// A repair in place that is cut off, at every call: undone or done over, no byte is lost.

import SegtoolCommands
import Synchronization
import Testing
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct RepairCrashTests {
    private static let store = FixtureStore.root.text

    private static func hash(_ disk: SimulatedFileSystem) -> String? {
        let plan = ToolRun("repair plan \(store) --json", on: disk)
        guard plan.status == .corruption else { return nil }
        return plan.text.firstRange(of: "\"plan\":\"").map {
            String(plan.text[$0.upperBound...].prefix(16))
        }
    }

    @Test(arguments: [CrashPolicy.keepAll, .loseUnsynced, .renameLost, .torn])
    func `half a file set aside is never put back`(policy: CrashPolicy) throws {
        let disk = try FixtureStore.healthy.disk().crash(.keepAll, seed: 1)
        let segment = try #require(FixtureStore.files(disk, ".seg").first)
        let right = try #require(disk.bytes(segment))
        disk.damage(segment, .flipBit(offset: right.count / 2 + 1, bit: 3))
        let hash = try #require(Self.hash(disk))
        let images = Mutex([SimulatedFileSystem]())
        disk.onOperation { operation in
            let image = disk.crash(policy, seed: UInt64(operation.index))
            images.withLock { $0.append(image) }
        }
        let apply = ToolRun("repair apply \(Self.store) --in-place --plan \(hash)", on: disk)
        disk.onOperation(nil)
        #expect(apply.status == .clean, "\(apply.errorText)")
        let all = images.withLock { $0 }
        #expect(all.count > 5)
        for image in all {
            _ = ToolRun("repair undo \(Self.store)", on: image)
            if let again = Self.hash(image) {
                let run = ToolRun(
                    "repair apply \(Self.store) --in-place --plan \(again)", on: image)
                #expect(run.status == .clean, "\(run.errorText)")
            }
            #expect(image.bytes(segment) == right)
        }
    }
}
