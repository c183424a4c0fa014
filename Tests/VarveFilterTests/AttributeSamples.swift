// Rows with attributes, drawn from a seed.

import VarveFormat

/// A reproducible stream of numbers.
struct AttributeRandom: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = splitMix64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return splitMix64(state)
    }
}

typealias Attributes = [(id: AttributeID, value: AttributeValue)]

/// Attribute numbers of the samples.
enum Sample {
    static let color = AttributeID(0)
    static let title = AttributeID(1)
    static let price = AttributeID(2)
    static let weight = AttributeID(3)
    static let isNew = AttributeID(4)
    static let added = AttributeID(5)
    static let tags = AttributeID(6)
    static let notes = AttributeID(7)
    static let rare = AttributeID(8)
    static let constant = AttributeID(300)

    static let all = [
        color, title, price, weight, isNew, added, tags, notes, rare, constant,
    ]

    /// The attributes of one row; most rows have most of them.
    static func row(_ index: Int, _ random: inout AttributeRandom) -> Attributes {
        var row: Attributes = []
        func add(_ id: AttributeID, _ value: AttributeValue, _ share: Int = 100) {
            if Int.random(in: 0..<100, using: &random) < share { row.append((id, value)) }
        }
        let number = Int.random(in: 0..<1_000_000, using: &random)
        add(color, .string(["red", "green", "blue", "größer", ""][number % 5]))
        add(title, .string("title \(number) \(index)"), 90)
        add(price, .int(number % 7 == 0 ? .min + Int64(number) : Int64(number % 500) - 100), 95)
        add(weight, .double(Double(number) / 64 * (number % 2 == 0 ? 1 : -1)), 80)
        add(isNew, .bool(number % 3 == 0), 60)
        add(added, .date(microseconds: 1_700_000_000_000_000 + Int64(index) * 1_000), 100)
        let some = (0..<number % 4).map { "tag\((number >> $0) % 20)" }
        add(tags, .strings(some), 70)
        add(notes, .strings((0..<number % 3).map { "note \(number) \($0)" }), 50)
        add(rare, .string("once"), 1)
        add(constant, .string("always the same"))
        return row
    }

    /// The attributes of `count` rows; every 50th has none.
    static func rows(_ count: Int, seed: UInt64) -> [Attributes] {
        var random = AttributeRandom(seed: seed)
        return (0..<count).map { $0 % 50 == 49 ? [] : row($0, &random) }
    }
}

/// Whether two rows have the same attributes.
func areEqual(_ a: Attributes, _ b: Attributes) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.id == $1.id && $0.value == $1.value }
}
