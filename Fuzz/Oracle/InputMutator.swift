// Makes new inputs out of old ones: for machines without libFuzzer, and for runs that repeat.

import VarveStorage
import VarveStorageSimulation

/// Changes inputs at random; the same seed, the same inputs.
package struct InputMutator {
    private let seeds: [[UInt8]]
    private var generator: SeededGenerator
    private static let numbers: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0x80], [0, 0, 0, 0],
        [1, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        [0, 0, 0, 0, 0, 0, 0, 0x80], [0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    ]

    package init(_ seeds: [[UInt8]], seed: UInt64) {
        self.seeds = seeds.isEmpty ? [[]] : seeds
        generator = SeededGenerator(seed: seed)
    }

    /// Gives `target` inputs until so many or so much time has passed; how many there were.
    ///
    /// - Parameters:
    ///   - skipped: Inputs that are made and not given to it: what trapped is found again fast.
    ///   - watch: Called before every input, so that a hang can be noticed.
    package mutating func feed(
        _ target: DecoderTarget, runs: Int, skipped: Int = 0, seconds: Double,
        watch: () -> Void = {}
    ) -> Int {
        for seed in seeds {
            watch()
            target.run(seed)
        }
        let clock = SystemRuntime()
        let end = clock.monotonicNanoseconds() + UInt64(seconds * 1e9)
        var count = seeds.count
        while count < runs, count % 16 != 0 || clock.monotonicNanoseconds() < end {
            watch()
            let input = next()
            count += 1
            if count > skipped { target.run(input) }
        }
        return count
    }

    private mutating func next() -> [UInt8] {
        var input = seeds[generator.below(seeds.count)]
        for _ in 0..<1 + generator.below(5) {
            guard !input.isEmpty else {
                input = (0..<generator.below(64)).map { _ in UInt8(generator.below(256)) }
                continue
            }
            let place = generator.below(input.count)
            switch generator.below(8) {
            case 0: input[place] ^= 1 << UInt8(generator.below(8))
            case 1: input[place] = UInt8(generator.below(256))
            case 2: input.removeSubrange(place...)
            case 3: input.removeSubrange(place..<min(input.count, place + 1 + generator.below(32)))
            case 4: input.insert(UInt8(generator.below(256)), at: place)
            case 5:
                let number = Self.numbers[generator.below(Self.numbers.count)]
                for (index, byte) in number.enumerated() where place + index < input.count {
                    input[place + index] = byte
                }
            case 6:
                let other = seeds[generator.below(seeds.count)]
                guard !other.isEmpty else { continue }
                input = Array(input.prefix(place) + other.suffix(generator.below(other.count)))
            default:
                let end = min(input.count, place + 1 + generator.below(64))
                input.insert(contentsOf: input[place..<end], at: generator.below(input.count))
            }
        }
        return input
    }
}
