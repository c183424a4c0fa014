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

    // MARK: - Options of several verbs

    /// Where a new store goes.
    static let newStore = OptionSpec(
        "out", "NEW", "the directory of the new store; missing or empty (also -o)")
    /// Rows wanted.
    static let hits = OptionSpec("k", "N", "rows; 10 if left out")
    /// The memory budget of a store.
    static let budget = OptionSpec("budget", "MIB", "the memory budget; 256 if left out")
    /// Ids and attributes beside a file of vectors.
    static let attributes = OptionSpec(
        "attributes", "FILE", "JSON Lines with ids and attributes by row")

    /// A file to make.
    static func newFile(_ what: String) -> OptionSpec {
        OptionSpec("out", "FILE", "\(what) to make (also -o)")
    }

    /// The width of a beam; `rest` says what holds without it.
    static func width(_ rest: String) -> OptionSpec {
        OptionSpec("width", "N", "the width of the beam\(rest)")
    }

    /// How much is looked at, of what, and how much if it is left out.
    static func sample(_ what: String, _ count: Int) -> OptionSpec {
        OptionSpec("sample", "N", "\(what); \(count) if left out")
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

    /// Whether it can look at another version than the live one.
    var looksAtVersions: Bool {
        effect != .writesStore && operands.first?.name == Operand.store.name
    }

    var words: [String] { name.split(separator: " ").map(String.init) }
}
