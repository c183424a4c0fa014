// A small budget of faults and damage, the same every time.

import Testing
import VarveOracle

@Suite struct TroubleTests {
    @Test(arguments: FaultKind.all.map(\.name))
    func `a disk that fails loses nothing that was acknowledged`(name: String) throws {
        let kind = try #require(FaultKind.all.first { $0.name == name })
        for seed in 1..<3 as Range<UInt64> {
            let plan = HistoryPlan(seed: seed, stepCount: 8)
            let operationCount = CutSession(plan).dryRun().operationCount
            for place in stride(from: Int(seed), to: operationCount, by: 17) {
                let outcome = FaultSession(plan).run(kind, at: place)
                #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
            }
        }
    }

    @Test(arguments: DamageSession.kinds)
    func `damage is met by right answers or by an error that names the file`(
        kind: String
    ) throws {
        let session = try DamageSession(seed: 2)
        for place in session.places(about: 50) {
            let outcome = session.run(kind, at: place)
            #expect(outcome.failure == nil, "\(outcome.failure?.description ?? "")")
        }
    }
}
