// The verb that draws a store.

import VarveFormat
import VarveStorage

extension Verb {
    static let drawVerbs: [Verb] = [
        Verb(
            name: "report", group: .draw, summary: "a store as one page with drawings",
            about: "One self-contained HTML file, readable without network: segments and sizes, "
                + "deleted rows, degrees, distances, recall by segment, time by width, and a map "
                + "of a sample of the vectors, coloured by segment or by an attribute.",
            options: [
                .newFile("the page"),
                .sample("vectors on the map", 1_500),
                OptionSpec("color-by", "ATTRIBUTE", "colour the map by this attribute"),
                OptionSpec("queries", "N", "searches for each measured width; 40 if left out"),
            ],
            effect: .writesElsewhere,
            examples: [
                ("segtool report /data/store -o report.html", "to be looked at"),
                ("segtool report /data/store -o r.html --color-by section", "is it clustered?"),
            ],
            run: report)
    ]

    @Sendable static func report(_ call: Invocation) throws -> ExitStatus {
        let path = FilePath(try call.required("out"))
        let figures = try ReportFigures(call)
        let page = ReportPage(figures, redaction: call.output.redaction).html()
        let temporary = FilePath(path.text + ".tmp")
        if try call.fileSystem.status(temporary) != nil { try call.fileSystem.remove(temporary) }
        try call.fileSystem.writeFileDurably(temporary, Array(page.utf8))
        try call.fileSystem.rename(temporary, to: path)
        try call.fileSystem.syncDirectory(path.parent)
        call.output.fields([
            ("out", "page", .text(path.text)), ("bytes", "bytes", .bytes(UInt64(page.utf8.count))),
            ("points", "vectors on the map", .count(figures.points.count)),
        ])
        return figures.findingCount == 0 ? .clean : .corruption
    }
}
