// Help, from the table of verbs.

/// The pages of help.
enum Help {
    /// All verbs, by group.
    static func overview() -> String {
        var text = """
            segtool: see, verify and mend a Varve store, whether or not it opens

            usage: segtool VERB STORE [...] [OPTIONS]

            Reading verbs never write, not even a lock. Verbs marked + write new files elsewhere,
            verbs marked * write to the store.

            """
        let width = Verb.all.map(\.name.count).max() ?? 0
        for group in VerbGroup.allCases {
            text += "\n\(group.rawValue)\n"
            for verb in Verb.all where verb.group == group {
                let gap = String(repeating: " ", count: width - verb.name.count + 2)
                text += " \(mark(verb))\(verb.name)\(gap)\(verb.summary)\n"
            }
        }
        text += "\nOptions of every verb\n" + list(OptionSpec.common)
        text += "\nExit status\n"
        for status in ExitStatus.allCases { text += "  \(status.rawValue)  \(status.meaning)\n" }
        return text + "\nsegtool VERB --help shows what a verb takes, with examples.\n"
    }

    private static func mark(_ verb: Verb) -> String {
        switch verb.effect {
        case .reads: " "
        case .writesElsewhere: "+"
        case .writesStore: "*"
        }
    }

    /// The verbs that begin with one word.
    static func family(_ word: String, _ verbs: [Verb]) -> String {
        var text = "segtool \(word): one of\n\n"
        let width = verbs.map(\.name.count).max() ?? 0
        for verb in verbs {
            let gap = String(repeating: " ", count: width - verb.name.count + 2)
            text += "  \(verb.name)\(gap)\(verb.summary)\n"
        }
        return text + "\nsegtool \(verbs[0].name) --help shows what a verb takes, with examples.\n"
    }

    /// How a verb is called.
    static func usage(_ verb: Verb) -> String {
        let operands = verb.operands.map { $0.isOptional ? "[\($0.name)]" : $0.name }
        let options = verb.options.map { option in
            "[--\(option.name)" + (option.placeholder.map { " \($0)" } ?? "") + "]"
        }
        return (["segtool", verb.name] + operands + options).joined(separator: " ")
    }

    /// Everything about one verb.
    static func page(_ verb: Verb) -> String {
        var text = "segtool \(verb.name): \(verb.summary)\n\nusage: \(usage(verb))\n"
        if !verb.about.isEmpty { text += "\n\(verb.about)\n" }
        if !verb.operands.isEmpty {
            text += "\nOperands\n"
            let width = verb.operands.map(\.name.count).max() ?? 0
            for operand in verb.operands {
                let gap = String(repeating: " ", count: width - operand.name.count + 2)
                text += "  \(operand.name)\(gap)\(operand.help)\n"
            }
        }
        if !verb.options.isEmpty { text += "\nOptions\n" + list(verb.options) }
        text += "\nOptions of every verb\n" + list(OptionSpec.common)
        text += "\nExamples\n"
        for example in verb.examples {
            text += "  \(example.line)\n      \(example.purpose)\n"
        }
        return text
    }

    private static func list(_ options: [OptionSpec]) -> String {
        let names = options.map { "--\($0.name)" + ($0.placeholder.map { " \($0)" } ?? "") }
        let width = names.map(\.count).max() ?? 0
        return zip(names, options).map { name, option in
            "  " + name + String(repeating: " ", count: width - name.count + 2) + option.help + "\n"
        }.joined()
    }
}
