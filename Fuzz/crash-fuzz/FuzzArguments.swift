// What the fuzzer is asked to do.

/// The arguments of the fuzzer.
struct FuzzArguments {
    /// Disk images to examine before the campaign ends.
    var cutCount = 2_000
    var seed: UInt64 = 1
    /// Minutes after which it ends in any case.
    var minutes: Double?
    var isJSON = false
    /// The one case to look at.
    var replay: (seed: UInt64, place: Int, policy: String)?
    /// The kinds of trouble to make.
    var kinds: Set<String> = ["cuts", "faults", "damage"]

    static let usage = """
        usage: crash-fuzz [--cuts N] [--seed S] [--minutes M] [--only cuts|faults|damage] [--json]
               crash-fuzz --replay SEED PLACE POLICY
        """

    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    init(_ words: [String]) throws(Problem) {
        var rest = words.dropFirst()
        func next<Value>(_ option: String, _ read: (String) -> Value?) throws(Problem) -> Value {
            guard let word = rest.popFirst(), let value = read(word) else {
                throw Problem(description: "\(option) needs a value")
            }
            return value
        }
        while let word = rest.popFirst() {
            switch word {
            case "--cuts": cutCount = try next(word) { Int($0) }
            case "--seed": seed = try next(word) { UInt64($0) }
            case "--minutes": minutes = try next(word) { Double($0) }
            case "--json": isJSON = true
            case "--only": kinds = [try next(word) { $0 }]
            case "--replay":
                replay = (
                    try next(word) { UInt64($0) }, try next(word) { Int($0) },
                    try next(word) { $0 }
                )
            default: throw Problem(description: "\(word) is no option")
            }
        }
    }
}
