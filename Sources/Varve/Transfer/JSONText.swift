// Rows as lines of JSON: the other direction of JSONRow.swift.

import VarveFormat

extension ByteWriter {
    /// Appends a row as one line of JSON, with its line end.
    mutating func appendJSONLine(_ row: Row) {
        append(contentsOf: "{\"id\":".utf8)
        appendJSON(row.id)
        append(contentsOf: ",\"vector\":[".utf8)
        for (index, component) in row.vector.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(contentsOf: component.description.utf8)
        }
        append(contentsOf: "]".utf8)
        if !row.attributes.isEmpty {
            append(contentsOf: ",\"attributes\":{".utf8)
            appendMembers(row.attributes, isFirst: true)
            append(UInt8(ascii: "}"))
        }
        append(contentsOf: "}\n".utf8)
    }

    /// Appends a row's id and attributes as one line of JSON, the form that goes beside vectors.
    mutating func appendJSONAttributes(_ row: Row) {
        append(contentsOf: "{\"id\":".utf8)
        appendJSON(row.id)
        // The id's own member wins over an attribute of that name, which is left out.
        appendMembers(row.attributes.filter { $0.key != "id" }, isFirst: false)
        append(contentsOf: "}\n".utf8)
    }

    private mutating func appendMembers(_ attributes: [String: AttributeValue], isFirst: Bool) {
        var needsComma = !isFirst
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            if needsComma { append(UInt8(ascii: ",")) }
            needsComma = true
            appendJSON(name)
            append(UInt8(ascii: ":"))
            appendJSON(value)
        }
    }

    private mutating func appendJSON(_ id: RecordID) {
        switch id {
        case .number(let number) where number <= UInt64(Int64.max):
            append(contentsOf: String(number).utf8)
        case .number(let number):
            append(contentsOf: "{\"$uint64\":\"\(number)\"}".utf8)
        case .text(let text):
            appendJSON(text)
        }
    }

    private mutating func appendJSON(_ value: AttributeValue) {
        switch value {
        case .string(let text): appendJSON(text)
        case .int(let number): append(contentsOf: String(number).utf8)
        case .double(let number) where number.isFinite:
            append(contentsOf: number.description.utf8)
        case .double(let number):
            append(contentsOf: "{\"$double\":\"\(number)\"}".utf8)
        case .bool(let flag): append(contentsOf: (flag ? "true" : "false").utf8)
        case .date(let microseconds):
            append(contentsOf: "{\"$date\":\(microseconds)}".utf8)
        case .strings(let texts):
            append(UInt8(ascii: "["))
            for (index, text) in texts.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendJSON(text)
            }
            append(UInt8(ascii: "]"))
        }
    }
}
