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
            about: "A condition compares attributes (name = \"text\", size >= 10, free = true, "
                + "made < 2026-11-20T00:00:00Z, kind in (\"a\", \"b\"), has name) and joins them "
                + "with and, or, not and brackets; a list equals a text that it has. Under a "
                + "filter answers are exact: every row that meets it is compared.",
            options: [
                OptionSpec("id", "ID", "search for the neighbours of this row"),
                OptionSpec(
                    "vector", "FILE",
                    "the first row of .fbin and its like, a file of numbers, or numbers"),
                .hits,
                OptionSpec("exact", nil, "compare every row"),
                OptionSpec("filter", "CONDITION", "only rows that meet it; compares all of them"),
                OptionSpec("recall", "SHARE", "the recall asked for; 0.95 if left out"),
                .width(" instead of a recall"),
                OptionSpec("explain", nil, "visits and hits of each segment"),
            ],
            examples: [
                ("segtool search /data/store --id 7 --explain", "which segment answers"),
                ("segtool search /data/store --vector 0.1,0.2 --exact", "the truth"),
                (
                    "segtool search /data/store --id 7 --filter 'lang = \"en\" and size >= 10'",
                    "the nearest of those rows"
                ),
            ],
            run: searchRows),
        Verb(
            name: "recall", group: .explain, summary: "approximate against exact, per segment",
            options: [
                .sample("rows to search for in each segment", 50),
                .hits,
                .width("; 64 if left out"),
            ],
            examples: [("segtool recall /data/store --sample 200", "is a graph an outlier?")],
            run: measureRecall),
        Verb(
            name: "diff", group: .explain,
            summary: "rows that differ between two stores, or two versions of one",
            about: "A side is a store as it is, or, with @ and a number behind it, what the "
                + "segments of that version hold.",
            operands: [
                Operand(name: "A", help: "a store's directory, or DIRECTORY@VERSION", isPath: true),
                Operand(name: "B", help: "another one", isPath: true),
            ],
            options: [OptionSpec("limit", "N", "rows to list; 1000 if left out")],
            examples: [
                ("segtool diff /data/store /backup/store", "added, removed, changed"),
                ("segtool diff /data/store@41 /data/store@42", "what the last flush brought"),
            ],
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
