// Seeded numbers for the tests of this folder.

/// A small generator whose sequence never changes (SplitMix64).
struct SampleGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}

extension Array {
    /// A copy of the elements `shift` elements behind an allocation's beginning, so that it lies
    /// unaligned.
    func withShiftedCopy<R>(_ shift: Int, _ body: (UnsafeMutablePointer<Element>) -> R) -> R {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: count + shift + 1)
        for (i, element) in enumerated() {
            unsafe (memory + shift + i).initialize(to: element)
        }
        defer { unsafe memory.deallocate() }
        return unsafe body(memory + shift)
    }
}
