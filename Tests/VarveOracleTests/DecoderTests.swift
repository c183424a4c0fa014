// Every decoder, parser and whole store with inputs that nobody wrote; the same every time.

import Testing
import VarveOracle
import VarveStorage

@Suite struct DecoderTests {
    @Test(arguments: DecoderTarget.all.map(\.name))
    func `a decoder meets any bytes with a value or an error`(name: String) throws {
        let target = try #require(DecoderTarget.named(name))
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        let isSlow = ["segment", "segment-values", "store"].contains(name)
        var mutator = InputMutator(seeds, seed: 11)
        let runs = seeds.count + (isSlow ? 40 : 300)
        #expect(mutator.feed(target, runs: runs, seconds: 600) == runs)
    }

    /// Inputs that fuzzers have come upon; they are replayed, all of them, every time.
    @Test(arguments: DecoderTarget.all.map(\.name))
    func `a decoder meets every input of its corpus`(name: String) throws {
        let target = try #require(DecoderTarget.named(name))
        let disk = PosixFileSystem()
        let file = FilePath(#filePath)
        let folder = file.parent.parent.parent.appending("Fuzz/Corpora/\(name)")
        let names = try disk.list(folder).sorted()
        #expect(!names.isEmpty)
        for name in names {
            let input = try disk.open(folder.appending(name), .read)
            let byteCount = Int(try input.byteCount())
            target.run(try input.readBytes(count: byteCount, at: 0))
            try input.close()
        }
    }
}
