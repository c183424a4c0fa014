// What a verb is: one value drives parsing, help, completion and the manual.

/// What a verb does to the disk.
enum VerbEffect: Sendable {
    /// Reads only.
    case reads
    /// Writes new files or directories, never the store.
    case writesElsewhere
    /// Writes to the store.
    case writesStore
}

/// The groups of verbs, in the order of the help.
enum VerbGroup: String, Sendable, CaseIterable {
    case look = "Look"
    case explain = "Explain"
    case verify = "Verify"
    case mend = "Mend"
    case operate = "Operate"
    case draw = "Draw"
    case tool = "The tool itself"
}

/// Something a verb is given by its place.
struct Operand: Sendable {
    var name: String
    var help: String
    var isOptional = false
    /// Whether it is a path, for completion.
    var isPath = false

    static let store = Operand(name: "STORE", help: "the store's directory", isPath: true)
}

/// Something a verb is given by its name.
struct OptionSpec: Sendable {
    /// The name, without dashes.
    var name: String
    /// What stands for the value; nil for a flag.
    var placeholder: String?
    var help: String
    /// The values there are, if they can be listed.
    var choices: [String] = []

    init(_ name: String, _ placeholder: String? = nil, _ help: String, choices: [String] = []) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.choices = choices
    }

    /// Options that every verb has.
    static let common: [OptionSpec] = [
        OptionSpec("json", nil, "one JSON document, schema \(Output.jsonSchema)"),
        OptionSpec("snapshot", "VERSION", "look at this version instead of the live one"),
        OptionSpec("rate", "MB/S", "read at most so many megabytes (10^6 bytes) a second"),
        OptionSpec("redact", nil, "show no ids, vectors or attributes"),
        OptionSpec(
            "color", "WHEN", "colour: auto (on a terminal), always, never",
            choices: ["auto", "always", "never"]),
        OptionSpec("help", nil, "what the verb does, with examples"),
    ]
}

/// One verb of the tool.
struct Verb: Sendable {
    /// One or two words: `info`, `manifest show`.
    var name: String
    var group: VerbGroup
    /// A line.
    var summary: String
    /// What is worth knowing beyond the summary.
    var about = ""
    var operands: [Operand] = [.store]
    var options: [OptionSpec] = []
    var effect = VerbEffect.reads
    /// Command lines, and what they are good for.
    var examples: [(line: String, purpose: String)]
    var run: @Sendable (Invocation) throws -> ExitStatus

    var words: [String] { name.split(separator: " ").map(String.init) }
}
