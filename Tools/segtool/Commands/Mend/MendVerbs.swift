// The verbs that mend a store.

extension Verb {
    static let mendVerbs: [Verb] = [
        Verb(
            name: "repair plan", group: .mend, summary: "what would mend the store, and its cost",
            about: "Reads every byte and proposes steps, each with what is lost by it. Says of a "
                + "healthy store that there is nothing to do. Writes nothing.",
            examples: [("segtool repair plan /data/store", "what is wrong and what would help")],
            run: repairPlan),
        Verb(
            name: "repair apply", group: .mend, summary: "carry a plan out",
            about: "With --out, makes a repaired copy (good files are hard links), or, where rows "
                + "are lost, a new store of all rows that verify. With --in-place, originals are "
                + "set aside in the folder quarantine; repair undo puts them back, byte for byte, "
                + "unless the store has been written to since. In place needs the plan's hash, and "
                + "refuses if the store has changed since it was printed.",
            options: [
                .newStore, OptionSpec("in-place", nil, "change the store itself"),
                OptionSpec("plan", "HASH", "the plan that is meant, as repair plan printed it"),
            ],
            effect: .writesStore,
            examples: [
                ("segtool repair apply /data/store --out /data/mended", "the original stays"),
                ("segtool repair apply /data/store --in-place --plan 1f0e", "with a way back"),
            ],
            run: repairApply),
        Verb(
            name: "repair undo", group: .mend, summary: "take the last repair in place back",
            effect: .writesStore,
            examples: [("segtool repair undo /data/store", "byte for byte as it was")],
            run: repairUndo),
        Verb(
            name: "salvage", group: .mend, summary: "a new store of every row that verifies",
            about: "Collects rows from segments block by block, from logs also behind damage, and "
                + "from retired files; newest wins. One flipped bit in a block is put right. "
                + "Graphs and codes are made anew. Counts what is lost.",
            options: [.newStore], effect: .writesElsewhere,
            examples: [("segtool salvage /data/store --out /data/saved", "when all else fails")],
            run: salvage),
        Verb(
            name: "rebuild graph", group: .mend, summary: "a new store with graphs made anew",
            options: [.newStore], effect: .writesElsewhere,
            examples: [("segtool rebuild graph /data/store --out /data/new", "recall has dropped")],
            run: rebuildIndex),
        Verb(
            name: "rebuild pq", group: .mend,
            summary: "a copy of the store whose segments have codes made anew",
            about: "Rows, ids, graphs and deletions stay as they are; codes, blocks for walks and "
                + "measured figures are made from the vectors. Damage in them is gone then. Good "
                + "files are hard links.",
            options: [
                .newStore, OptionSpec("segment", "NUMBER", "only this one; all if left out"),
            ],
            effect: .writesElsewhere,
            examples: [("segtool rebuild pq /data/store --out /data/new", "codes do not fit")],
            run: rebuildCodes),
        Verb(
            name: "rebuild manifest", group: .mend, summary: "a version made from segment files",
            options: [.newStore], effect: .writesElsewhere,
            examples: [
                ("segtool rebuild manifest /data/store --out /data/new", "no manifest is left")
            ],
            run: rebuildManifest),
        Verb(
            name: "quarantine ls", group: .mend, summary: "what repairs in place have set aside",
            examples: [("segtool quarantine ls /data/store", "the originals")],
            run: quarantineList),
        Verb(
            name: "quarantine restore", group: .mend, summary: "put one file back",
            operands: [.store, Operand(name: "FILE", help: "its name in the store or there")],
            effect: .writesStore,
            examples: [("segtool quarantine restore /data/store CURRENT", "one file only")],
            run: quarantineRestore),
        Verb(
            name: "quarantine drop", group: .mend, summary: "remove what was set aside for good",
            operands: [
                .store,
                Operand(name: "FILE", help: "its name there; all files", isOptional: true),
            ],
            effect: .writesStore,
            examples: [("segtool quarantine drop /data/store", "the repair was right")],
            run: quarantineDrop),
    ]
}
