// Whatever is damaged: no verb traps or hangs, and verify tells.

import SegtoolCommands
import Testing
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct SturdyTests {
    private static let lines = [
        "info STORE", "ls STORE", "tree STORE", "manifest show STORE", "manifest history STORE",
        "current show STORE", "wal stat STORE", "wal dump STORE --operations",
        "segment header STORE 1", "segment sections STORE 1 --verify",
        "segment blocks STORE 1 --damaged", "segment vectors STORE 1 --count 100",
        "segment tombstones STORE 1", "segment stats STORE 1", "segment codes STORE 1",
        "graph stats STORE 1", "graph check STORE 1", "graph path STORE 1 entry 20", "stats STORE",
        "plan-open STORE", "get STORE 20", "find STORE 20", "search STORE --id 20 --explain",
        "recall STORE --sample 5", "gc STORE", "compact STORE --dry-run", "repair plan STORE",
    ]

    private static func damages(_ offset: Int, _ count: Int) -> [DiskDamage] {
        let sector = offset / 512 * 512
        return [
            .setByte(offset: offset, value: 0xFF), .zero(sector..<sector + 512),
            .truncate(byteCount: offset), .append([1, 2, 3, 4, 5]),
            .swapBlocks(0, sector, byteCount: 512),
        ]
    }

    @Test(arguments: 0..<5)
    func `every verb ends with a status, and salvage keeps what it can`(kind: Int) throws {
        let healthy = try FixtureStore.healthy.disk()
        var place = 0
        for file in healthy.filePaths {
            let count = healthy.bytes(file)?.count ?? 0
            for part in 1..<4 {
                let offset = count * part / 4
                let disk = healthy.crash(.keepAll, seed: 1)
                guard disk.damage(file, Self.damages(offset, count)[kind]) else { continue }
                place += 1
                // A few of the verbs at each place; all of them at some.
                for (index, line) in Self.lines.enumerated() where (index + place) % 5 == 0 {
                    let words = line.replacing("STORE", with: FixtureStore.root.text)
                    let run = ToolRun(words, on: disk)
                    #expect(ExitStatus.allCases.contains(run.status))
                    #expect(!run.text.isEmpty || !run.errorText.isEmpty, "\(line)")
                }
                let verified = ToolRun("verify /store", on: disk)
                let isTail =
                    file.name.hasSuffix(".wal")
                    && [ExitStatus.oddity, .clean]
                        .contains(verified.status)
                #expect(verified.status != .clean || isTail, "\(file) at \(offset)")
                guard place % 3 == 0 else { continue }
                let saved = ToolRun("salvage /store --out /saved", on: disk)
                #expect([.clean, .partial].contains(saved.status), "\(file): \(saved.errorText)")
                #expect(ToolRun("verify /saved --level 3", on: disk).status == .clean)
            }
        }
    }
}
