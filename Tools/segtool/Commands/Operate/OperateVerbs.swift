// The verbs that run a store's daily life.

extension Verb {
    private static let repository = Operand(
        name: "BACKUPS", help: "the directory of backups", isPath: true)

    static let operateVerbs: [Verb] =
        transferVerbs + backupVerbs + [
            Verb(
                name: "purge", group: .operate, summary: "rewrite segments without deleted rows",
                about: "Afterwards no file of the store holds a row that was deleted before.",
                effect: .writesStore,
                examples: [("segtool purge /data/store", "deleted means gone")], run: purgeStore),
            Verb(
                name: "lock", group: .operate, summary: "who has the store open for writing",
                examples: [("segtool lock /data/store", "the process, without taking the lock")],
                run: showLock),
            Verb(
                name: "bundle", group: .operate, summary: "a support package as one tar file",
                about: "Reports of the reading verbs, as text and JSON, and the headers of all "
                    + "files. No vectors. With --redact, also no ids, attribute names or values.",
                options: [.newFile("the tar file")],
                effect: .writesElsewhere,
                examples: [("segtool bundle /data/store --redact -o support.tar", "to send away")],
                run: bundle),
            Verb(
                name: "bench", group: .operate, summary: "a quick self-measure on this machine",
                about: "Makes a store of random vectors in DIRECTORY, measures, and removes it.",
                operands: [
                    Operand(
                        name: "DIRECTORY", help: "missing or empty; removed again", isPath: true)
                ],
                options: [
                    OptionSpec("rows", "N", "rows; 20000 if left out"),
                    OptionSpec("dimension", "N", "components; 128 if left out"),
                ],
                effect: .writesElsewhere,
                examples: [("segtool bench /data/scratch", "is this disk fit?")], run: bench),
        ]

    private static let transferVerbs: [Verb] = [
        Verb(
            name: "create", group: .operate, summary: "a new, empty store",
            options: [
                OptionSpec("dimension", "N", "components of a vector, 1 to 65,536 (required)"),
                OptionSpec(
                    "metric", "NAME", "euclidean if left out",
                    choices: ["euclidean", "cosine", "innerProduct"]),
                OptionSpec(
                    "elements", "TYPE", "float32 if left out",
                    choices: ["float32", "float16", "uint8", "int8"]),
                .budget,
            ],
            effect: .writesStore,
            examples: [("segtool create /data/store --dimension 384 --metric cosine", "empty")],
            run: createStore),
        Verb(
            name: "import", group: .operate, summary: "rows from a file into a store",
            about: "Reads .fbin, .f16bin, .u8bin, .i8bin, .npy, or .jsonl with one row a line. "
                + "Loads all rows or none, straight into segments; with --batch, writes them "
                + "batch by batch through the log, durable as they come.",
            operands: [.store, Operand(name: "FILE", help: "the rows", isPath: true)],
            options: [
                .attributes,
                OptionSpec("batch", "N", "rows of a batch, 1 to 65,536"),
                .budget,
            ],
            effect: .writesStore,
            examples: [
                ("segtool import /data/store base.fbin --attributes meta.jsonl", "all or none"),
                ("segtool import /data/store rows.jsonl --batch 1000", "through the log"),
            ],
            run: importRows),
        Verb(
            name: "export", group: .operate, summary: "all rows into a new file, in order of ids",
            operands: [
                .store,
                Operand(
                    name: "FILE", help: ".fbin, .npy, .jsonl, or the store's own type",
                    isPath: true),
            ],
            options: [.attributes],
            effect: .writesElsewhere,
            examples: [("segtool export /data/store rows.jsonl", "the whole store as text")],
            run: exportRows),
        Verb(
            name: "checkpoint", group: .operate, summary: "a second store by hard links",
            about: "Flushes, then links: takes no space until one of the two is merged.",
            operands: [.store, Operand(name: "NEW", help: "missing or empty", isPath: true)],
            effect: .writesStore,
            examples: [("segtool checkpoint /data/store /data/copy", "in no time")],
            run: checkpoint),
    ]

    private static let backupVerbs: [Verb] = [
        Verb(
            name: "backup", group: .operate,
            summary: "copy what is new into a directory of backups",
            about: "Files are kept once, by digest, however many backups have them: a backup of an "
                + "unchanged store copies nothing. Takes no lock and may run beside a writer. With "
                + "--follow it goes on, a look every second. Logs, retired ones too, are kept with "
                + "the time of every write: restore --at goes back to any second between backups.",
            operands: [.store, repository],
            options: [
                OptionSpec("follow", "SECONDS", "go on for so long, a look every second")
            ],
            effect: .writesElsewhere,
            examples: [("segtool backup /data/store /backups/store", "every night")],
            run: backup),
        Verb(
            name: "verify-backup", group: .verify, summary: "is every backup whole?",
            operands: [repository],
            examples: [("segtool verify-backup /backups/store", "all digests, all files")],
            run: verifyBackup),
        Verb(
            name: "restore", group: .operate, summary: "a new store from backups",
            about: "With --at, exactly the writes whose commit stands in the logs within that "
                + "second or before; refuses where a log between is in no backup.",
            operands: [repository, Operand(name: "NEW", help: "missing or empty", isPath: true)],
            options: [
                OptionSpec("backup", "NUMBER", "this backup; the newest if left out"),
                OptionSpec("at", "TIME", "as of this second, like 2026-11-20T09:30:00Z"),
                OptionSpec("sequence", "N", "as of this write"),
                OptionSpec("logs", "DIRECTORY", "retired logs that were archived elsewhere"),
            ],
            effect: .writesElsewhere,
            examples: [
                ("segtool restore /backups/store /data/new", "the newest backup"),
                ("segtool restore /backups/store /data/new --at 2026-11-20T09:30:00Z", "back then"),
            ],
            run: restore),
    ]
}
