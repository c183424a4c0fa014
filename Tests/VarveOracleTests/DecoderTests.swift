// Every decoder, parser and whole store with inputs that nobody wrote; the same every time.

import Testing
import VarveOracle

@Suite struct DecoderTests {
    @Test(arguments: DecoderTarget.all.map(\.name))
    func `a decoder meets any bytes with a value or an error`(name: String) throws {
        let target = try #require(DecoderTarget.named(name))
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        let isSlow = ["segment", "store"].contains(name)
        var mutator = InputMutator(seeds, seed: 11)
        let runs = seeds.count + (isSlow ? 20 : 300)
        #expect(mutator.feed(target, runs: runs, seconds: 600) == runs)
    }
}
