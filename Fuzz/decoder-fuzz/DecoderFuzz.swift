// Decoders, parsers and whole stores given bytes that nobody wrote.

import Glibc
import VarveOracle

#if VARVE_LIBFUZZER

    /// The target named by the environment.
    private let chosen: DecoderTarget = {
        guard let text = unsafe getenv("VARVE_FUZZ_TARGET"),
            let target = DecoderTarget.named(unsafe String(cString: text))
        else {
            fatalError("VARVE_FUZZ_TARGET names one of \(DecoderTarget.all.map(\.name))")
        }
        return target
    }()

    @_cdecl("LLVMFuzzerTestOneInput")
    public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        chosen.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    }

#else

    /// `decoder-fuzz [--target NAME] [--runs N] [--seconds S] [--seed S] [--write-seeds DIR]
    /// [FILE ...]`: replays files, or mutates what decoders accept.
    @main struct DecoderFuzz {
        static func main() {
            var words = CommandLine.arguments.dropFirst()
            var options: [String: String] = [:]
            var files: [String] = []
            while let word = words.popFirst() {
                if word.hasPrefix("--") {
                    options[word] = words.popFirst() ?? ""
                } else {
                    files.append(word)
                }
            }
            let wanted = options["--target"]
            for target in DecoderTarget.all where wanted == nil || wanted == target.name {
                do {
                    if let directory = options["--write-seeds"] {
                        try InputFiles.write(target.seeds(), of: target.name, to: directory)
                        continue
                    }
                    if !files.isEmpty {
                        for file in files { target.run(InputFiles.read(file)) }
                        continue
                    }
                    var mutator = InputMutator(
                        try target.seeds(), seed: options["--seed"].flatMap { UInt64($0) } ?? 1)
                    let runs = options["--runs"].flatMap { Int($0) } ?? .max
                    let seconds = min(1e9, options["--seconds"].flatMap { Double($0) } ?? 5)
                    // An input that takes longer than ten seconds ends the process.
                    let count = mutator.feed(target, runs: runs, seconds: seconds) { alarm(20) }
                    alarm(0)
                    InputFiles.say("\(target.name): \(count) inputs, 0 findings")
                } catch {
                    InputFiles.say("\(target.name): \(error)")
                    exit(1)
                }
            }
        }
    }

#endif
