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

    private typealias Input = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    private typealias Words = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ count: UnsafeMutablePointer<Int32>, _ words: UnsafeMutablePointer<Words?>,
        _ input: Input
    ) -> Int32

    /// The package manager has the program begin here, not in the library's own main function.
    @_cdecl("decoder_fuzz_main")
    public func beginFuzzing(
        _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> Int32 {
        var (count, words) = unsafe (count, words)
        return unsafe runDriver(&count, &words) { bytes, count in
            chosen.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
    }

#else

    /// `decoder-fuzz [--target NAME] [--runs N] [--skip N] [--seconds S] [--seed S]
    /// [--write-seeds DIR] [--share I/N] [FILE ...]`: replays files, or mutates what decoders
    /// accept.
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
            let share = (options["--share"] ?? "0/1").split(separator: "/").compactMap { Int($0) }
            guard share.count == 2, share[1] > 0 else { exit(2) }
            InputWatch.install()
            for (number, target) in DecoderTarget.all.enumerated()
            where wanted == target.name || wanted == nil && number % share[1] == share[0] {
                InputWatch.begin(target.name)
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
                    let skipped = options["--skip"].flatMap { Int($0) } ?? 0
                    let seconds = min(1e9, options["--seconds"].flatMap { Double($0) } ?? 5)
                    let count = mutator.feed(
                        target, runs: runs, skipped: skipped, seconds: seconds,
                        watch: InputWatch.next)
                    InputWatch.end()
                    InputFiles.say("\(target.name): \(count) inputs, 0 findings")
                } catch {
                    InputFiles.say("\(target.name): \(error)")
                    exit(1)
                }
            }
        }
    }

#endif
