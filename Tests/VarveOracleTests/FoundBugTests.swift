// Cases that the loops have found, by what was wrong.

import Testing
import VarveOracle

@Suite struct FoundBugTests {
    @Test func `a published segment that cannot be opened is not published again`() throws {
        let kind = try #require(FaultKind.named("call-noSpace-once"))
        let scenario = try #require(Scenario.all(variant: 0).first { $0.name == "flush" })
        for place in 112..<134 {
            let outcome = FaultSession(scenario.plan).run(kind, at: place)
            #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
        }
    }

    @Test(arguments: ["small:truncate 69430", "small:truncate 69822"])
    func `a retired log of which only the header is left is damage`(place: String) throws {
        let words = place.split(separator: " ")
        let one = FuzzCase(seed: 1, place: try #require(Int(words[1])), policy: String(words[0]))
        let outcome = try #require(try one.run())
        #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    }

    @Test func `a device that reads short for ever is an error, not a loop`() throws {
        let kind = try #require(FaultKind.named("call-short-forever"))
        let outcome = FaultSession(HistoryPlan(seed: 1_099_511_627_781)).run(kind, at: 1)
        #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
    }
}
