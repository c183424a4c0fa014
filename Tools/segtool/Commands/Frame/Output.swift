// A report as it is made: aligned text for people, or one JSON document.

import VarveFormat

/// A column of a table.
struct Column {
    /// The member's name in JSON.
    var key: String
    /// The heading for people.
    var label: String

    init(_ key: String, _ label: String? = nil) {
        self.key = key
        self.label = label ?? key
    }
}

/// Takes the parts of a report in their order and writes them out at once.
///
/// Text: fields under headings, tables with aligned columns. JSON: one object, whose member
/// `schema` names the version of its form; headings are objects, tables are arrays of objects.
final class Output {
    /// The version of the JSON's form; a member never changes its meaning within one.
    static let jsonSchema = "segtool/1"

    let isJSON: Bool
    let hasColor: Bool
    var redaction: Redaction?
    private let write: (String) -> Void
    private var notes: [String] = []
    /// Whether the object at hand has a member already, for each that is open.
    private var hasMember: [Bool] = []
    private var needsBlankLine = false

    init(isJSON: Bool, hasColor: Bool, _ write: @escaping (String) -> Void) {
        self.isJSON = isJSON
        self.hasColor = hasColor
        self.write = write
    }

    /// Begins the report of `verb`.
    func begin(_ verb: String) {
        guard isJSON else { return }
        write("{\"schema\":\(Self.jsonSchema.asJSON),\"verb\":\(verb.asJSON)")
        hasMember = [true]
    }

    /// Ends the report.
    func end(_ status: ExitStatus, failure: String? = nil) {
        guard isJSON else { return }
        if let failure { member("error", failure.asJSON) }
        if !notes.isEmpty {
            member("notes", "[" + notes.map(\.asJSON).joined(separator: ",") + "]")
        }
        member("status", String(status.rawValue))
        write("}\n")
    }

    private func member(_ key: String, _ value: String) {
        comma()
        write(key.asJSON + ":" + value)
    }

    private func comma() {
        if hasMember.last == true { write(",") }
        hasMember[hasMember.count - 1] = true
    }

    /// A heading, and what stands under it.
    func section<R>(_ key: String, _ title: String, _ body: () throws -> R) rethrows -> R {
        if isJSON {
            comma()
            write(key.asJSON + ":{")
            hasMember.append(false)
            defer {
                write("}")
                hasMember.removeLast()
            }
            return try body()
        }
        heading(title)
        return try body()
    }

    private func heading(_ title: String) {
        if needsBlankLine { write("\n") }
        write(styled(title, "1") + "\n")
        needsBlankLine = true
    }

    /// Names and values, one a line.
    func fields(_ rows: [(key: String, label: String, value: Cell)]) {
        if isJSON {
            for row in rows { member(row.key, row.value.json(redaction)) }
            return
        }
        let width = rows.map(\.label.count).max() ?? 0
        for row in rows {
            let gap = String(repeating: " ", count: width - row.label.count + 2)
            write("  " + row.label + gap + colored(row.value) + "\n")
        }
        needsBlankLine = true
    }

    /// A value that only programs read.
    func machine(_ key: String, _ value: Cell) {
        if isJSON { member(key, value.json(redaction)) }
    }

    /// A sentence.
    func note(_ text: String) {
        if isJSON { notes.append(text) } else { write(text + "\n") }
    }

    /// Lines for people that a JSON report leaves out.
    func picture(_ text: String) {
        if !isJSON { write(text) }
    }

    /// A text of another format: as it is, or as one member of the JSON report.
    func raw(_ text: String) {
        if isJSON { member("text", text.asJSON) } else { write(text) }
    }

    /// A table whose rows `body` gives one by one; the widths come from the first 500.
    ///
    /// - Returns: Rows there were.
    @discardableResult
    func table(
        _ key: String, _ title: String? = nil, _ columns: [Column],
        _ body: (_ add: ([Cell]) -> Void) throws -> Void
    ) rethrows -> Int {
        if isJSON {
            comma()
            write(key.asJSON + ":[")
            var count = 0
            defer { write("]") }
            try body { cells in
                let members = zip(columns, cells).map {
                    $0.key.asJSON + ":" + $1.json(redaction)
                }
                write((count > 0 ? "," : "") + "{" + members.joined(separator: ",") + "}")
                count += 1
            }
            return count
        }
        if let title { heading(title) }
        var layout = TableLayout(columns)
        try body { cells in
            for line in layout.add(cells, redaction) { write(line.map(colored).joined() + "\n") }
        }
        for line in layout.finish() { write(line.map(colored).joined() + "\n") }
        needsBlankLine = true
        return layout.rowCount
    }

    private func colored(_ piece: TableLayout.Piece) -> String {
        guard let style = piece.style else { return piece.text }
        return styled(piece.text, style)
    }

    private func colored(_ cell: Cell) -> String {
        styled(cell.text(redaction), TableLayout.style(of: cell))
    }

    private func styled(_ text: String, _ style: String?) -> String {
        guard hasColor, let style else { return text }
        return "\u{1B}[\(style)m\(text)\u{1B}[0m"
    }
}

/// Aligns the rows of a table.
struct TableLayout {
    /// A piece of a line, and how it is set off on a terminal.
    struct Piece {
        var text: String
        var style: String?
    }

    private let columns: [Column]
    private var pending: [[(text: String, cell: Cell)]] = []
    private var widths: [Int]
    private var areNumeric: [Bool]
    private var isOpen = false
    private(set) var rowCount = 0

    init(_ columns: [Column]) {
        self.columns = columns
        widths = columns.map(\.label.count)
        areNumeric = columns.map { _ in false }
    }

    static func style(of cell: Cell) -> String? {
        guard case .mark(_, let mark) = cell else { return nil }
        return switch mark {
        case .good: "32"
        case .odd: "33"
        case .bad: "31;1"
        }
    }

    /// Takes a row; gives the lines that can be written now.
    mutating func add(_ cells: [Cell], _ redaction: Redaction?) -> [[Piece]] {
        rowCount += 1
        let row = cells.map { (text: $0.text(redaction), cell: $0) }
        if isOpen { return [line(row)] }
        pending.append(row)
        guard pending.count >= 500 else { return [] }
        return open()
    }

    /// The lines that are left.
    mutating func finish() -> [[Piece]] { isOpen ? [] : open() }

    private mutating func open() -> [[Piece]] {
        isOpen = true
        for row in pending {
            for (index, value) in row.enumerated() {
                widths[index] = max(widths[index], value.text.count)
                if value.cell.isNumeric { areNumeric[index] = true }
            }
        }
        let head = columns.indices.map {
            pad(columns[$0].label, $0, isLast: $0 == columns.count - 1)
        }
        let lines = pending.map { line($0) }
        pending = []
        guard !lines.isEmpty else { return [[Piece(text: "  (none)", style: nil)]] }
        return [[Piece(text: "  " + head.joined(separator: "  "), style: "2")]] + lines
    }

    private func line(_ row: [(text: String, cell: Cell)]) -> [Piece] {
        row.indices.map { index in
            let padded = pad(row[index].text, index, isLast: index == row.count - 1)
            return Piece(text: "  " + padded, style: Self.style(of: row[index].cell))
        }
    }

    private func pad(_ text: String, _ index: Int, isLast: Bool) -> String {
        let gap = String(repeating: " ", count: max(0, widths[index] - text.count))
        if areNumeric[index] { return gap + text }
        return isLast ? text : text + gap
    }
}
