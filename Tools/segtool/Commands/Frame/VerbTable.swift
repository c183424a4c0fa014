// All verbs, in the order of the help.

extension Verb {
    /// The table that everything is driven by.
    static let all: [Verb] =
        lookVerbs + explainVerbs + verifyVerbs + mendVerbs + operateVerbs + drawVerbs + toolVerbs

    static let toolVerbs: [Verb] = [
        Verb(
            name: "completion", group: .tool, summary: "completion for a shell",
            operands: [Operand(name: "SHELL", help: "bash, zsh or fish")],
            examples: [
                ("source <(segtool completion bash)", "complete verbs and options in this shell")
            ]
        ) { call in
            switch call.operands[0] {
            case "bash": call.output.raw(Completion.bash())
            case "zsh": call.output.raw(Completion.zsh())
            case "fish": call.output.raw(Completion.fish())
            default: throw ToolFailure.usage("a shell is bash, zsh or fish")
            }
            return .clean
        },
        Verb(
            name: "man", group: .tool, summary: "the manual page", operands: [],
            examples: [("segtool man | man -l -", "read it")]
        ) { call in
            call.output.raw(ManualPage.text())
            return .clean
        },
    ]
}
