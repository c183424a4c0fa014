// How long things may be.

/// The limits of the house.
enum SizeLimit {
    static let fileLineCount = 500
    static let functionLineCount = 70
    static let lineLength = 100
}

/// A file of Swift or C has at most 500 lines, a line at most 100 characters unless it is one
/// address.
func fileSizeViolations(_ file: SourceFile) -> [Violation] {
    guard file.isSwift || file.path.hasSuffix(".c") || file.path.hasSuffix(".h") else { return [] }
    var found: [Violation] = []
    if file.lines.count > SizeLimit.fileLineCount {
        let message = "the file has \(file.lines.count) lines, \(SizeLimit.fileLineCount) allowed"
        found.append(Violation(path: file.path, line: file.lines.count, message: message))
    }
    for (number, line) in file.lines.enumerated() where line.utf8.count > SizeLimit.lineLength {
        let length = line.count
        let words = line.split(separator: " ").filter { !$0.allSatisfy { $0 == "/" } }
        let isAddress = words.count == 1 && words[0].contains("://")
        guard length > SizeLimit.lineLength, !isAddress else { continue }
        let message = "the line has \(length) characters, \(SizeLimit.lineLength) allowed"
        found.append(Violation(path: file.path, line: number + 1, message: message))
    }
    return found
}

/// A function, initialiser, subscript or computed property has at most 70 lines.
func functionSizeViolations(_ file: SourceFile) -> [Violation] {
    guard file.isSwift else { return [] }
    return FunctionScanner(file).functions().filter { $0.count > SizeLimit.functionLineCount }
        .map { lines in
            let message = "\(lines.count) lines of function, \(SizeLimit.functionLineCount) allowed"
            return Violation(path: file.path, line: lines.lowerBound, message: message)
        }
}

/// Finds bodies by counting brackets in code that has no comments and strings.
private struct FunctionScanner {
    let code: [UInt8]

    init(_ file: SourceFile) { code = Array(file.code.joined(separator: "\n").utf8) }

    /// The lines of every declaration with a body, from its keyword to the closing brace.
    func functions() -> [ClosedRange<Int>] {
        var found: [ClosedRange<Int>] = []
        var line = 1
        var at = 0
        while at < code.count {
            if code[at] == UInt8(ascii: "\n") { line += 1 }
            if let keyword = declaration(at), let body = body(after: keyword) {
                let newlines = code[at...body.upperBound].count { $0 == UInt8(ascii: "\n") }
                found.append(line...line + newlines)
            }
            at += 1
        }
        return found
    }

    /// The end of a declaring keyword that starts at `at`.
    private func declaration(_ at: Int) -> Int? {
        guard at == 0 || !(isNamePart(code[at - 1]) || code[at - 1] == UInt8(ascii: ".")) else {
            return nil
        }
        for keyword in ["func", "init", "deinit", "subscript", "var"] {
            let end = at + keyword.utf8.count
            guard end < code.count, code[at..<end].elementsEqual(keyword.utf8),
                !isNamePart(code[end])
            else { continue }
            return end
        }
        return nil
    }

    /// The body of the declaration whose keyword ends at `start`; nil for one without a body.
    private func body(after start: Int) -> ClosedRange<Int>? {
        var depth = 0
        for at in start..<code.count {
            switch code[at] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0:
                return closingBrace(from: at).map { at...$0 }
            case UInt8(ascii: "}") where depth == 0: return nil
            case UInt8(ascii: "=") where depth == 0:
                // Operators such as == are names here; a lone = starts a stored property's value.
                if isLoneEquals(at) { return nil }
            default:
                if depth == 0, at > start, declaration(at) != nil { return nil }
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    private func isLoneEquals(_ at: Int) -> Bool {
        let operators = Array("=<>!+-*/&|^~%".utf8)
        let before = at > 0 && operators.contains(code[at - 1])
        let after = at + 1 < code.count && operators.contains(code[at + 1])
        return !before && !after
    }

    private func closingBrace(from opening: Int) -> Int? {
        var depth = 0
        for at in opening..<code.count {
            if code[at] == UInt8(ascii: "{") { depth += 1 }
            if code[at] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return at }
            }
        }
        return nil
    }

    private func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "`"):
            true
        default: false
        }
    }
}
