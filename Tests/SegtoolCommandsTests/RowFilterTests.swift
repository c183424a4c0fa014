// Conditions on attributes: what they mean, and what is not one.

import SegtoolCommands
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct RowFilterTests {
    /// A store of numbered rows: even ones are English, every third has a size, all have tags.
    private func disk() throws -> SimulatedFileSystem {
        try .withStore { store in
            for part in 0..<2 as Range<UInt64> {
                var batch = WriteBatch()
                for id in part * 30..<part * 30 + 30 {
                    var attributes: [String: AttributeValue] = [
                        "lang": .string(id % 2 == 0 ? "en" : "de"),
                        "tags": .strings(id % 5 == 0 ? ["old", "five"] : ["new"]),
                        "made": .date(microseconds: Int64(id) * 1_000_000),
                        "a.b-c": .double(Double(id) / 2),
                    ]
                    if id % 3 == 0 { attributes["size"] = .int(Int64(id)) }
                    if id % 7 == 0 { attributes["free"] = .bool(true) }
                    batch.upsert(
                        id: .number(id), vector: [Float(id), 0], attributes: attributes)
                }
                try store.write(batch)
                if part == 0 { try store.flush() }
            }
        }
    }

    private static let cases: [(String, @Sendable (UInt64) -> Bool)] = [
        ("lang = \"en\"", { $0 % 2 == 0 }),
        ("lang != 'en'", { $0 % 2 == 1 }),
        ("not lang = \"en\"", { $0 % 2 == 1 }),
        ("lang < \"e\"", { $0 % 2 == 1 }),
        ("size >= 30", { $0 % 3 == 0 && $0 >= 30 }),
        ("size != 30", { $0 != 30 }),
        ("size > 29.5 and size < 42", { $0 % 3 == 0 && (30..<42).contains($0) }),
        ("has size", { $0 % 3 == 0 }),
        ("not has size", { $0 % 3 != 0 }),
        ("tags = \"old\"", { $0 % 5 == 0 }),
        ("tags in (\"old\", \"none\")", { $0 % 5 == 0 }),
        ("free = true", { $0 % 7 == 0 }),
        ("free = false", { _ in false }),
        ("made < 1970-01-01T00:00:10Z", { $0 < 10 }),
        ("made <= 1970-01-01T00:00:10.5Z", { $0 <= 10 }),
        ("a.b-c <= 3", { $0 <= 6 }),
        ("`a.b-c` = 3.5", { $0 == 7 }),
        ("lang = 3", { _ in false }),
        (
            "lang = \"en\" or size = 3 and tags = \"new\"",
            { $0 % 2 == 0 || $0 == 3 }
        ),
        ("(lang = \"en\" or size = 3) and tags = \"old\"", { $0 % 2 == 0 && $0 % 5 == 0 }),
        ("NOT (has size OR lang = \"de\")", { $0 % 3 != 0 && $0 % 2 == 0 }),
    ]

    @Test(arguments: 0..<cases.count)
    func `answers under a filter are the nearest of the rows that meet it`(index: Int) throws {
        let (text, holds) = Self.cases[index]
        let expected = (0..<60 as Range<UInt64>).filter(holds).prefix(4)
        for flags in [[], ["--explain"]] {
            let run = ToolRun(
                ["search", "/s", "--vector", "-1,0", "--k", "4", "--filter", text, "--json"]
                    + flags,
                on: try disk())
            #expect(run.status == .clean, "\(run.text)\(run.errorText)")
            let ids = run.text.ranges(of: "\"id\":").map { range in
                UInt64(run.text[range.upperBound...].prefix { $0.isNumber })
            }
            #expect(ids == expected.map { $0 }, "\(text)")
        }
    }

    @Test(arguments: [
        "", "lang", "lang =", "= 3", "lang = en", "lang = \"en", "(lang = 1", "lang = 1)",
        "lang in 1", "lang in (1", "lang = 1 and", "has", "lang = 1 2", "not", "a = !", "a == 1",
        String(repeating: "not ", count: 100) + "a = 1", "lang = nan", "a = 99999999999999999999x",
    ])
    func `what is no condition is refused`(text: String) throws {
        let run = ToolRun(
            ["search", "/s", "--id", "1", "--filter", text], on: try disk())
        #expect(run.status == .usage, "\(text): \(run.text)")
        #expect(run.errorText.contains("--filter"), "\(run.errorText)")
    }

    @Test func `a row that is searched by is no answer, and one that is missing is refused`() throws
    {
        let words = ["search", "/s", "--k", "2", "--json", "--filter", "lang = \"en\"", "--id"]
        let run = ToolRun(words + ["8"], on: try disk())
        #expect(run.text.contains("\"hits\":[{\"rank\":1,\"id\":6"), "\(run.text)")
        #expect(run.text.contains("{\"rank\":2,\"id\":10"), "\(run.text)")
        #expect(run.text.contains("\"rows\":60,\"matches\":30"), "\(run.text)")
        #expect(ToolRun(words + ["99"], on: try disk()).status == .usage)
    }
}
