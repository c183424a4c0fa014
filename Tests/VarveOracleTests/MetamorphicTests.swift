// One history under a few option sets; the program runs it under many.

import Testing
import VarveOracle

@Suite struct MetamorphicTests {
    @Test func `the same operations come to the same rows whatever the options`() throws {
        var tally = MetamorphicTally()
        for set in 0..<4 {
            let session = MetamorphicSession(seed: 3, optionSet: set, operationCount: 700)
            try tally.add(session.run(), of: 3)
        }
        #expect(!tally.text.isEmpty)
    }

    @Test func `other rows are noticed`() throws {
        var tally = MetamorphicTally()
        var outcome = MetamorphicOutcome()
        outcome.digests = [1]
        try tally.add(outcome, of: 3)
        outcome.digests = [2]
        #expect(throws: OracleFailure.self) { try tally.add(outcome, of: 3) }
        try tally.add(outcome, of: 4)
    }
}
