// The verbs that say what the engine would do, and why.

extension Verb {
    private static let idOperand = Operand(
        name: "ID", help: "a number, or a text; text:12 for a text of digits")

    static let explainVerbs: [Verb] = [
        Verb(
            name: "plan-open", group: .explain, summary: "what opening would do, and why",
            examples: [("segtool plan-open /data/store", "before it is opened after a crash")],
            run: planOpen),
        Verb(
            name: "get", group: .explain, summary: "the row of an id, as a reader sees it",
            operands: [.store, idOperand],
            options: [OptionSpec("vector", nil, "the whole vector")],
            examples: [("segtool get /data/store 7", "its vector and attributes")],
            run: getRow),
        Verb(
            name: "find", group: .explain, summary: "every trace of an id, with provenance",
            about: "Looks through segments of every role, their tombstones, and all logs, also "
                + "behind damage and in the trash.",
            operands: [.store, idOperand],
            examples: [("segtool find /data/store 7", "where did row 7 go?")],
            run: findRow),
        Verb(
            name: "search", group: .explain, summary: "the nearest rows, with what it cost",
            options: [
                OptionSpec("id", "ID", "search for the neighbours of this row"),
                OptionSpec("vector", "FILE", "a file of numbers, or numbers between commas"),
                OptionSpec("k", "N", "rows; 10 if left out"),
                OptionSpec("exact", nil, "compare every row"),
                OptionSpec("recall", "SHARE", "the recall asked for; 0.95 if left out"),
                OptionSpec("width", "N", "the width of the beam instead of a recall"),
                OptionSpec("explain", nil, "visits and hits of each segment"),
            ],
            examples: [
                ("segtool search /data/store --id 7 --explain", "which segment answers"),
                ("segtool search /data/store --vector 0.1,0.2 --exact", "the truth"),
            ],
            run: searchRows),
        Verb(
            name: "recall", group: .explain, summary: "approximate against exact, per segment",
            options: [
                OptionSpec("sample", "N", "rows to search for in each segment; 50 if left out"),
                OptionSpec("k", "N", "neighbours compared; 10 if left out"),
                OptionSpec("width", "N", "the width of the beam; 64 if left out"),
            ],
            examples: [("segtool recall /data/store --sample 200", "is a graph an outlier?")],
            run: measureRecall),
        Verb(
            name: "diff", group: .explain, summary: "rows that differ between two stores",
            operands: [
                Operand(name: "A", help: "a store's directory", isPath: true),
                Operand(name: "B", help: "another one", isPath: true),
            ],
            options: [OptionSpec("limit", "N", "rows to list; 1000 if left out")],
            examples: [("segtool diff /data/store /backup/store", "added, removed, changed")],
            run: diffStores),
        Verb(
            name: "gc", group: .explain, summary: "files that could go, and why each is safe",
            options: [OptionSpec("dry-run", nil, "what it does anyway: the store itself collects")],
            examples: [("segtool gc /data/store --dry-run", "what would be freed, and when")],
            run: collectGarbage),
        Verb(
            name: "compact", group: .operate,
            summary: "merge segments, or say what would be merged",
            about: "Without --dry-run opens the store for writing and merges what is due, or, with "
                + "--all, everything into as few segments as there is room for.",
            options: [
                OptionSpec("dry-run", nil, "only say what the picker would pick, and why"),
                OptionSpec("all", nil, "everything, not only what is due"),
            ],
            effect: .writesStore,
            examples: [
                ("segtool compact /data/store --dry-run", "what is due"),
                ("segtool compact /data/store --all", "one segment, the fastest to search"),
            ],
            run: compactStore),
    ]
}
