// What the fuzzer is asked to do.

/// The arguments of the fuzzer.
struct FuzzArguments {
    /// Disk images to examine before the campaign ends.
    var cutCount = 2_000
    var seed: UInt64 = 1
    /// One drawn history in so many is run twice, and must give the same.
    var rerunOdds: UInt64 = 50
    /// Minutes after which it ends in any case.
    var minutes: Double?
    var isJSON = false
    /// The one case to look at.
    var replay: (seed: UInt64, place: Int, policy: String)?
    /// The kinds of trouble to make.
    var kinds: Set<String> = ["cuts", "faults", "damage"]
    /// Whether the exhaustive loops over scenarios are run.
    var isExhaustive = false
    /// Variants of each scenario, and the first of them.
    var variantCount = 1
    var firstVariant = 0
    /// Recoveries that are cut before every call, and how deep.
    var recoveryCount = 200
    var depth = 2
    /// Which share of the exhaustive loops this process takes, of how many.
    var share = 0
    var shareCount = 1
    /// Whether all mutants are hunted, by how many processes at a time.
    var huntsMutants = false
    var processCount = 2
    /// The history to make small, and how it is cut.
    var shrinking: (seed: UInt64, policy: String)?
    /// Whether the one case is looked at after a planted bug was caught by it.
    var isConfirming = false
    /// The planted bug that a replay has.
    var planted: String?
    /// The one mutant to hunt in this process.
    var mutant: String?

    static let usage = """
        usage: crash-fuzz [--cuts N] [--seed S] [--minutes M] [--only cuts|faults|damage]
                   [--rerun N] [--json]
               crash-fuzz --exhaustive
                   [--only points|repair|recovery|calls|syncs|rare|damage|bits|lengths]
                   [--variants N] [--first-variant N] [--recoveries N] [--depth N]
                   [--share I/N] [--seed S] [--minutes M] [--json]
               crash-fuzz --mutants [--processes N] [--json]
               crash-fuzz --replay SEED PLACE POLICY [--plant MUTANT]
               crash-fuzz --shrink SEED POLICY
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
            case "--rerun": rerunOdds = max(1, try next(word) { UInt64($0) })
            case "--minutes": minutes = try next(word) { Double($0) }
            case "--json": isJSON = true
            case "--only": kinds = Set(try next(word) { $0.split(separator: ",").map(String.init) })
            case "--exhaustive":
                isExhaustive = true
                kinds = ["points", "repair", "recovery", "calls", "syncs", "damage"]
            case "--variants": variantCount = try next(word) { Int($0) }
            case "--first-variant": firstVariant = try next(word) { Int($0) }
            case "--recoveries": recoveryCount = try next(word) { Int($0) }
            case "--depth": depth = try next(word) { Int($0) }
            case "--share": (share, shareCount) = try next(word) { Self.share($0) }
            case "--mutants": huntsMutants = true
            case "--shrink":
                shrinking = (try next(word) { UInt64($0) }, try next(word) { $0 })
            case "--plant": planted = try next(word) { $0 }
            case "--processes": processCount = try next(word) { Int($0) }
            case "--mutant": mutant = try next(word) { $0 }
            case "--replay", "--confirm":
                isConfirming = word == "--confirm"
                replay = (
                    try next(word) { UInt64($0) }, try next(word) { Int($0) },
                    try next(word) { $0 }
                )
            default: throw Problem(description: "\(word) is no option")
            }
        }
    }

    /// A share and their number: "0/2" is the first of two.
    private static func share(_ text: String) -> (Int, Int)? {
        let parts = text.split(separator: "/").compactMap { Int($0) }
        guard parts.count == 2, parts[1] > 0, (0..<parts[1]).contains(parts[0]) else { return nil }
        return (parts[0], parts[1])
    }
}
