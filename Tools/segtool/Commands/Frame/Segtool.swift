// The tool: words in, a report and an exit status out.

import VarveStorage

/// Inspects, verifies and mends stores, whether or not they open.
public enum Segtool {
    /// Carries out the command line `words` (without the program's name).
    public static func run(_ words: [String], in surroundings: Surroundings) -> ExitStatus {
        if words.isEmpty {
            surroundings.write(Help.overview())
            return .usage
        }
        if ["--help", "-h", "help"].contains(words[0]) {
            return help(Array(words.dropFirst()), surroundings)
        }
        guard let (verb, rest) = match(words) else {
            return unknown(words, surroundings)
        }
        if rest.contains("--help") || rest.contains("-h") {
            surroundings.write(Help.page(verb))
            return .clean
        }
        do {
            let parsed = try CommandParsing.parse(rest, for: verb)
            return carryOut(verb, parsed, surroundings)
        } catch {
            let failure = ToolFailure(error)
            surroundings.writeError(
                "segtool \(verb.name): \(failure)\nsee: segtool \(verb.name) --help\n")
            return failure.status
        }
    }

    private static func carryOut(
        _ verb: Verb, _ parsed: CommandParsing, _ surroundings: Surroundings
    ) -> ExitStatus {
        let color = parsed.options["color"] ?? "auto"
        let output = Output(
            isJSON: parsed.options["json"] != nil,
            hasColor: color == "always" || color == "auto" && surroundings.isTerminal,
            surroundings.write)
        if parsed.options["redact"] != nil {
            output.redaction = Redaction(salt: surroundings.runtime.randomBits())
        }
        output.begin(verb.name)
        do {
            let invocation = try Invocation(
                verb, operands: parsed.operands, options: parsed.options, output: output,
                surroundings)
            let status: ExitStatus
            do {
                defer { invocation.progress.clear() }
                status = try verb.run(invocation)
            }
            output.end(status)
            return status
        } catch {
            let failure = ToolFailure(error)
            output.end(failure.status, failure: failure.description)
            surroundings.writeError("segtool \(verb.name): \(failure)\n")
            return failure.status
        }
    }

    /// The verb that `words` begin with, and the rest of them.
    private static func match(_ words: [String]) -> (Verb, [String])? {
        for count in [2, 1] where words.count >= count {
            let name = words.prefix(count).joined(separator: " ")
            if let verb = Verb.all.first(where: { $0.name == name }) {
                return (verb, Array(words.dropFirst(count)))
            }
        }
        return nil
    }

    private static func help(_ words: [String], _ surroundings: Surroundings) -> ExitStatus {
        if words.isEmpty {
            surroundings.write(Help.overview())
            return .clean
        }
        if let (verb, _) = match(words) {
            surroundings.write(Help.page(verb))
            return .clean
        }
        return unknown(words + ["--help"], surroundings)
    }

    /// A first word without its second: the verbs it begins; or no verb at all.
    private static func unknown(_ words: [String], _ surroundings: Surroundings) -> ExitStatus {
        let family = Verb.all.filter { $0.words.count == 2 && $0.words[0] == words[0] }
        if !family.isEmpty {
            let wantsHelp = words.dropFirst().allSatisfy { ["--help", "-h"].contains($0) }
            if wantsHelp {
                surroundings.write(Help.family(words[0], family))
                return words.count > 1 ? .clean : .usage
            }
        }
        let near = Verb.all.map(\.name).filter { $0.hasPrefix(words[0].prefix(2)) }
        let hint = near.isEmpty ? "" : "; near: \(near.joined(separator: ", "))"
        surroundings.writeError(
            "segtool: \(words[0]) is no verb\(hint)\nsee: segtool --help\n")
        return .usage
    }
}

/// The words behind a verb, taken apart.
struct CommandParsing {
    var operands: [String] = []
    var options: [String: String] = [:]

    /// Takes `words` apart by what `verb` declares; options may stand anywhere.
    static func parse(_ words: [String], for verb: Verb) throws -> CommandParsing {
        var parsed = CommandParsing()
        let specs = verb.options + OptionSpec.common
        var rest = words[...]
        var areOperands = false
        while let word = rest.popFirst() {
            if word == "--", !areOperands {
                areOperands = true
                continue
            }
            guard word.hasPrefix("-"), word.count > 1, !areOperands, Double(word) == nil else {
                parsed.operands.append(word)
                continue
            }
            try parsed.take(word, &rest, specs)
        }
        let least = verb.operands.count { !$0.isOptional }
        guard parsed.operands.count >= least else {
            let missing = verb.operands[parsed.operands.count]
            throw ToolFailure.usage("\(missing.name) is missing: \(missing.help)")
        }
        guard parsed.operands.count <= verb.operands.count else {
            throw ToolFailure.usage("\(parsed.operands[verb.operands.count]) is one word too many")
        }
        return parsed
    }

    private mutating func take(
        _ word: String, _ rest: inout ArraySlice<String>, _ specs: [OptionSpec]
    ) throws {
        let body = word == "-o" ? "out" : String(word.drop { $0 == "-" })
        let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let spec = specs.first(where: { $0.name == name }) else {
            throw ToolFailure.usage("\(word) is no option of this verb")
        }
        guard options[name] == nil else { throw ToolFailure.usage("--\(name) is given twice") }
        guard let placeholder = spec.placeholder else {
            guard parts.count == 1 else { throw ToolFailure.usage("--\(name) takes no value") }
            options[name] = ""
            return
        }
        guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
            throw ToolFailure.usage("--\(name) needs \(placeholder)")
        }
        guard spec.choices.isEmpty || spec.choices.contains(value) else {
            throw ToolFailure.usage(
                "--\(name) is one of \(spec.choices.joined(separator: ", ")), not \(value)")
        }
        options[name] = value
    }
}
