// The verbs that look at a store as it lies on the disk.

extension Verb {
    private static let segmentOperand = Operand(
        name: "SEGMENT", help: "its number, or the name of its file in the store")
    private static let graphRow = Operand(
        name: "ROW", help: "its ordinal, or id:ID for the row of that id")

    static let lookVerbs: [Verb] =
        [
            Verb(
                name: "info", group: .look, summary: "a store on one screen",
                examples: [("segtool info /data/store", "what is it, and is it well?")],
                run: info),
            Verb(
                name: "ls", group: .look, summary: "every file with the part it plays",
                options: [
                    OptionSpec("role", "ROLE", "only files of this role, as the table names it")
                ],
                examples: [("segtool ls /data/store --role trash", "what waits for removal?")],
                run: list),
            Verb(
                name: "tree", group: .look, summary: "which segment came with which version",
                examples: [("segtool tree /data/store", "the lineage over the manifests kept")],
                run: tree),
        ] + manifestVerbs + logVerbs + segmentVerbs + graphVerbs + [
            Verb(
                name: "stats", group: .look, summary: "counters and figures of every segment",
                options: [OptionSpec("prometheus", nil, "the text form that Prometheus reads")],
                examples: [("segtool stats /data/store --prometheus", "for a collector")],
                run: stats),
            Verb(
                name: "watch", group: .look, summary: "a running store, seen from outside",
                options: [
                    OptionSpec("interval", "SECONDS", "between two looks; 2 if left out"),
                    OptionSpec("count", "N", "looks; without end if left out"),
                ],
                examples: [
                    ("segtool watch /data/store --interval 5", "rows and logs as they grow")
                ],
                run: watch),
        ]

    private static let manifestVerbs: [Verb] = [
        Verb(
            name: "manifest show", group: .look, summary: "what a version says",
            operands: [
                .store,
                Operand(name: "VERSION", help: "its number; the live one", isOptional: true),
            ],
            examples: [("segtool manifest show /data/store 42", "version 42 in full")],
            run: manifestShow),
        Verb(
            name: "manifest history", group: .look, summary: "the versions on the disk",
            examples: [("segtool manifest history /data/store", "when what was published")],
            run: manifestHistory),
        Verb(
            name: "manifest diff", group: .look, summary: "what changed between two versions",
            operands: [
                .store, Operand(name: "A", help: "a version"),
                Operand(name: "B", help: "another one"),
            ],
            examples: [("segtool manifest diff /data/store 41 42", "segments added and dropped")],
            run: manifestDiff),
        Verb(
            name: "manifest check", group: .look, summary: "verify all manifests and their chain",
            examples: [("segtool manifest check /data/store", "does each version verify?")],
            run: manifestCheck),
        Verb(
            name: "current show", group: .look, summary: "what CURRENT says",
            examples: [("segtool current show /data/store", "the pointer, decoded")],
            run: currentShow),
        Verb(
            name: "current set", group: .mend, summary: "point CURRENT to a version, with checks",
            about: "The version must verify and all its files must be there. Refuses while the "
                + "store is open elsewhere. Prints the command that undoes it.",
            operands: [.store, Operand(name: "VERSION", help: "the number of a whole version")],
            effect: .writesStore,
            examples: [("segtool current set /data/store 42", "CURRENT is gone, 42 is whole")],
            run: currentSet),
    ]

    private static let logVerbs: [Verb] = [
        Verb(
            name: "wal stat", group: .look, summary: "the logs: records, sequences, how they end",
            examples: [("segtool wal stat /data/store", "what would be replayed")],
            run: logStat),
        Verb(
            name: "wal dump", group: .look, summary: "every record, also behind damage",
            operands: [
                .store, Operand(name: "LOG", help: "its number; all logs", isOptional: true),
            ],
            options: [
                OptionSpec("from", "SEQUENCE", "only batches from this one on"),
                OptionSpec("id", "ID", "only operations on this id"),
                OptionSpec("operations", nil, "one line an operation instead of one a record"),
            ],
            examples: [
                ("segtool wal dump /data/store --id 7", "what was written to row 7 last")
            ],
            run: logDump),
        Verb(
            name: "wal check", group: .look, summary: "read the logs as recovery would",
            examples: [("segtool wal check /data/store", "a torn tail, or damage?")],
            run: logCheck),
    ]

    private static let segmentVerbs: [Verb] = [
        Verb(
            name: "segment header", group: .look, summary: "what a segment says about itself",
            operands: [.store, segmentOperand],
            examples: [("segtool segment header /data/store 31", "rows, degree, parameters")],
            run: segmentHeader),
        Verb(
            name: "segment sections", group: .look, summary: "the map of the file",
            operands: [.store, segmentOperand],
            options: [OptionSpec("verify", nil, "also compare every checksum")],
            examples: [
                ("segtool segment sections /data/store 31 --verify", "which parts are whole")
            ],
            run: segmentSections),
        Verb(
            name: "segment stats", group: .look, summary: "figures measured at sealing",
            operands: [.store, segmentOperand],
            examples: [("segtool segment stats /data/store 31", "degrees, errors, canary widths")],
            run: segmentStats),
        Verb(
            name: "segment blocks", group: .look,
            summary: "blocks and the state of their checksums",
            operands: [.store, segmentOperand],
            options: [
                OptionSpec("section", "NAME", "only this section"),
                OptionSpec("damaged", nil, "only blocks that do not verify"),
            ],
            examples: [("segtool segment blocks /data/store 31 --damaged", "where it hurts")],
            run: segmentBlocks),
        Verb(
            name: "segment hexdump", group: .look, summary: "bytes of a section or of the file",
            operands: [.store, segmentOperand],
            options: [
                OptionSpec("section", "NAME", "offsets count from the beginning of this section"),
                OptionSpec("offset", "BYTES", "where to begin; 0 if left out"),
                OptionSpec("count", "BYTES", "how many; 256 if left out"),
            ],
            examples: [("segtool segment hexdump /data/store 31 --section schema", "as it stands")],
            run: segmentHexdump),
        Verb(
            name: "segment vectors", group: .look, summary: "rows: ids, vectors, attributes",
            operands: [.store, segmentOperand],
            options: rowOptions,
            examples: [("segtool segment vectors /data/store 31 --count 5", "the first five rows")],
            run: segmentVectors),
        Verb(
            name: "segment codes", group: .look,
            summary: "what codes take, how far they are off, and the codes of rows",
            operands: [.store, segmentOperand], options: rowOptions,
            examples: [("segtool segment codes /data/store 31", "rates and sections of codes")],
            run: segmentCodes),
        Verb(
            name: "segment tombstones", group: .look, summary: "the deleted rows of a segment",
            operands: [.store, segmentOperand],
            examples: [("segtool segment tombstones /data/store 31", "what is masked")],
            run: segmentTombstones),
    ]

    /// Which rows are shown.
    private static let rowOptions = [
        OptionSpec("from", "ROW", "the first ordinal; 0 if left out"),
        OptionSpec("count", "N", "rows; 20 if left out"),
        OptionSpec("id", "ID", "only the row of this id"),
    ]

    private static let graphVerbs: [Verb] = [
        Verb(
            name: "graph stats", group: .look, summary: "degrees and edges of a segment's graph",
            operands: [.store, segmentOperand],
            examples: [("segtool graph stats /data/store 31", "the histogram of degrees")],
            run: graphStats),
        Verb(
            name: "graph check", group: .look, summary: "can every row be reached?",
            operands: [.store, segmentOperand],
            examples: [("segtool graph check /data/store 31", "edges, reachability")],
            run: graphCheck),
        Verb(
            name: "graph neighbors", group: .look, summary: "the list of one row",
            operands: [.store, segmentOperand, graphRow],
            examples: [("segtool graph neighbors /data/store 31 id:7", "with exact distances")],
            run: graphNeighbors),
        Verb(
            name: "graph path", group: .look, summary: "how a walk gets from one row to another",
            operands: [
                .store, segmentOperand,
                Operand(name: "FROM", help: "a row, or entry for the entry points"),
                Operand(name: "TO", help: "a row: its ordinal, or id:ID"),
            ],
            examples: [("segtool graph path /data/store 31 entry id:7", "the fewest edges")],
            run: graphPath),
    ]
}
