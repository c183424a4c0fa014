// Drawings in SVG: bars, lines, points. Drawn for a width of 360 and scaled to the page.

/// Makes drawings as text.
enum Charts {
    private static let width = 360.0
    private static let left = 52.0
    private static let right = 350.0

    /// The drawing's frame around `body`.
    private static func frame(_ height: Double, _ label: String, _ body: String) -> String {
        "<svg viewBox=\"0 0 360 \(number(height))\" role=\"img\" aria-label=\"\(escaped(label))\">"
            + body + "</svg>"
    }

    static func number(_ value: Double) -> String {
        let text = Units.fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Text that is safe inside HTML.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private static func text(
        _ x: Double, _ y: Double, _ content: String, _ anchor: String = "start",
        _ style: String = "t"
    ) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" class=\"\(style)\" "
            + "text-anchor=\"\(anchor)\">\(escaped(content))</text>"
    }

    private static func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String,
        _ title: String = ""
    ) -> String {
        let hint = title.isEmpty ? "" : "<title>\(escaped(title))</title>"
        return "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0, width)))\" "
            + "height=\"\(number(max(0, height)))\" class=\"\(style)\">\(hint)</rect>"
    }

    /// One bar a row: a name, one or two parts, and a value.
    static func bars(
        _ label: String, _ rows: [(name: String, value: Double, part: Double, text: String)]
    ) -> String {
        let largest = max(rows.map(\.value).max() ?? 1, 1e-12)
        var body = ""
        for (index, row) in rows.enumerated() {
            let y = Double(index) * 30
            let full = (width - 8) * row.value / largest
            let part = (width - 8) * row.part / largest
            body += text(2, y + 12, row.name) + text(width - 4, y + 12, row.text, "end", "v")
            body += rectangle(2, y + 16, width - 8, 8, "track")
            body += rectangle(2, y + 16, full, 8, "c0", "\(row.name): \(row.text)")
            if row.part > 0 { body += rectangle(2, y + 16, part, 8, "bad", "deleted") }
        }
        return frame(Double(rows.count) * 30 + 4, label, body)
    }

    /// Counts by bin, side by side.
    static func histogram(
        _ label: String, _ counts: [Int], names: (Int) -> String, axis: String
    ) -> String {
        let height = 170.0
        let largest = Double(max(1, counts.max() ?? 1))
        let step = (right - left) / Double(max(1, counts.count))
        var body = axes(height, largest: Units.grouped(Int(largest)), axis)
        for (index, count) in counts.enumerated() {
            let size = (height - 50) * Double(count) / largest
            body += rectangle(
                left + Double(index) * step + 0.5, height - 34 - size, max(0.8, step - 1), size,
                "c0", "\(names(index)): \(Units.grouped(count))")
        }
        let marks = counts.isEmpty ? [] : [0, counts.count / 2, counts.count - 1]
        for (place, index) in marks.enumerated() where place == 0 || marks[place - 1] != index {
            let isLast = place > 0 && index == counts.count - 1
            body +=
                isLast
                ? text(right, height - 20, names(index), "end")
                : text(left + (Double(index) + 0.5) * step, height - 20, names(index), "middle")
        }
        return frame(height, label, body)
    }

    private static func axes(_ height: Double, largest: String, _ axis: String) -> String {
        "<path d=\"M\(number(left)) 14V\(number(height - 34))H\(number(right))\" class=\"axis\"/>"
            + text(left - 4, 20, largest, "end") + text(left - 4, height - 34, "0", "end")
            + text((left + right) / 2, height - 5, axis, "middle", "v")
    }

    /// Values over names, as a line with points.
    static func line(
        _ label: String, _ values: [(name: String, value: Double, text: String)],
        least: Double, largest: Double, axis: String, style: String
    ) -> String {
        let height = 170.0
        let step = (right - left - 34) / Double(max(1, values.count - 1))
        let span = max(largest - least, 1e-12)
        var body =
            "<path d=\"M\(number(left)) 14V\(number(height - 34))H\(number(right))\" "
            + "class=\"axis\"/>"
            + text((left + right) / 2, height - 5, axis, "middle", "v")
        var points: [String] = []
        var marks = ""
        for (index, value) in values.enumerated() {
            let x = left + 20 + Double(index) * step
            let y = height - 34 - (height - 56) * (value.value - least) / span
            points.append("\(number(x)) \(number(y))")
            marks +=
                "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"3\" class=\"\(style)\">"
                + "<title>\(escaped(value.name)): \(escaped(value.text))</title></circle>"
            // Beside the point where the line goes up steeply, so that they do not cross.
            let next = index + 1 < values.count ? values[index + 1].value : value.value
            let isSteep = (next - value.value) / span > 0.25
            marks +=
                isSteep
                ? text(x + 7, min(y + 12, height - 38), value.text)
                : text(x, y - 7, value.text, "middle")
            body += text(x, height - 20, value.name, "middle")
        }
        if !points.isEmpty {
            body += "<path d=\"M" + points.joined(separator: "L") + "\" class=\"line \(style)l\"/>"
        }
        return frame(height, label, body + marks)
    }

    /// Points on a plane, coloured by group.
    static func map(_ label: String, _ points: [ReportFigures.Point]) -> String {
        let height = 300.0
        var body = rectangle(1, 1, width - 2, height - 2, "plane")
        for point in points {
            let x = width / 2 + point.x * (width / 2 - 12)
            let y = height / 2 - point.y * (height / 2 - 12)
            body +=
                "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"2.5\" "
                + "class=\"p c\(point.group)\"><title>\(escaped(point.name))</title></circle>"
        }
        return frame(height, label, body)
    }
}
