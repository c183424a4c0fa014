// Chance that repeats: one seed gives one sequence, on every machine and with every compiler.

/// A generator of pseudo-random numbers (SplitMix64, Steele, Lea and Flood 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The sequence of `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SeededGenerator.mixed(state)
    }

    /// A number from 0 to `bound - 1`; `bound` is at least one.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "there is a number to choose")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// True in `numerator` of `denominator` cases.
    public mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        below(denominator) < numerator
    }

    /// The same elements in another order.
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for index in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(index, below(index + 1))
        }
        return result
    }

    /// `value` with its bits well mixed; a bijection.
    static func mixed(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

/// A hash over a history, fed event by event.
struct HistoryHash: Sendable {
    private(set) var value: UInt64 = 0x51_7C_C1_B7_27_22_0A_95

    mutating func add(_ number: UInt64) {
        value = SeededGenerator.mixed(value ^ number) &+ 0x9E37_79B9_7F4A_7C15
    }

    mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        add(0)
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(bytes.count)
        let wordCount = bytes.count / 8
        for index in 0..<wordCount {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
            value = (value ^ word) &* 0x9FB2_1C65_1E98_DF25
            value ^= value >> 32
        }
        for index in (wordCount * 8)..<bytes.count {
            value = unsafe (value ^ UInt64(bytes[index])) &* 0x100_0000_01B3
        }
    }
}
