// Arguments of the form `--name value`, checked against what a command declares.

/// An option a command takes.
struct Option: Sendable {
    /// The name, without the dashes.
    var name: String
    /// What stands for the value in the usage.
    var placeholder: String
    /// What it is, and its default.
    var help: String
}

/// A command line that is not understood.
struct UsageProblem: Error, CustomStringConvertible {
    var description: String
}

/// The options given to a command.
struct Arguments {
    private var values: [String: String] = [:]

    /// Reads `words`, all of which must be options of `options` with a value behind each.
    init(_ words: [String], options: [Option]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"),
                let option = options.first(where: { "--" + $0.name == word })
            else { throw UsageProblem(description: "\(word) is no option of this command") }
            guard let value = rest.popFirst() else {
                throw UsageProblem(description: "\(word) needs \(option.placeholder)")
            }
            guard values.updateValue(value, forKey: option.name) == nil else {
                throw UsageProblem(description: "\(word) is given twice")
            }
        }
    }

    /// The value of an option, if given.
    func text(_ name: String) -> String? { values[name] }

    /// The value of an option that must be given.
    func required(_ name: String) throws -> String {
        guard let value = values[name] else {
            throw UsageProblem(description: "--\(name) is missing")
        }
        return value
    }

    /// A whole number of at least `minimum`.
    func number(_ name: String, default other: Int, minimum: Int = 1) throws -> Int {
        try optionalNumber(name, minimum: minimum) ?? other
    }

    /// A whole number of at least `minimum`, if given.
    func optionalNumber(_ name: String, minimum: Int = 1) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), number >= minimum else {
            throw UsageProblem(
                description: "--\(name) is a whole number of at least \(minimum), not \(text)")
        }
        return number
    }

    /// Whole numbers of at least `minimum` between commas.
    func numbers(_ name: String, default other: [Int], minimum: Int = 1) throws -> [Int] {
        guard let text = values[name] else { return other }
        let numbers = text.split(separator: ",").map { Int($0) }
        guard !numbers.isEmpty, numbers.allSatisfy({ ($0 ?? minimum - 1) >= minimum }) else {
            throw UsageProblem(
                description: "--\(name) is a list of whole numbers with commas, not \(text)")
        }
        return numbers.compactMap { $0 }
    }

    /// One of the values of `choices`.
    func choice<Value>(
        _ name: String, of choices: [(name: String, value: Value)], default other: Value
    ) throws -> Value {
        guard let text = values[name] else { return other }
        guard let found = choices.first(where: { $0.name == text }) else {
            let names = choices.map(\.name).joined(separator: ", ")
            throw UsageProblem(description: "--\(name) is one of \(names), not \(text)")
        }
        return found.value
    }
}
