// A condition on the attributes of rows, as people write it on a command line.

import Varve
import VarveFormat

/// A condition like `lang = "en" and not (size < 100 or tags = "old")`.
///
/// Names are words of letters, digits, dots, dashes and underscores, or stand between backquotes;
/// values are numbers, `true`, `false`, texts between quotes, and times like
/// `2026-11-20T09:30:00Z`. Comparisons are `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…, …)`, and
/// `has NAME`, which asks whether a row has the attribute. A list equals a text that is one of its
/// own. A comparison of an attribute that a row has not, or that is of another kind than the value,
/// is false, so that `!=` and `not` of `=` are the same.
indirect enum RowFilter: Equatable {
    case all([RowFilter])
    case any([RowFilter])
    case not(RowFilter)
    case has(String)
    case compare(String, Comparison, AttributeValue)

    /// How a value is compared.
    enum Comparison: String, CaseIterable {
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case notEqual = "!="
        case equal = "="
        case less = "<"
        case greater = ">"
    }

    /// The most conditions inside one another.
    static let depthLimit = 64

    /// Whether a row with these attributes meets the condition.
    func matches(_ attributes: [String: AttributeValue]) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(attributes) }
        case .any(let parts): parts.contains { $0.matches(attributes) }
        case .not(let part): !part.matches(attributes)
        case .has(let name): attributes[name] != nil
        case .compare(let name, .notEqual, let value):
            !RowFilter.compare(name, .equal, value).matches(attributes)
        case .compare(let name, let comparison, let value):
            attributes[name].map { Self.holds($0, comparison, value) } ?? false
        }
    }

    private static func holds(
        _ found: AttributeValue, _ comparison: Comparison, _ wanted: AttributeValue
    ) -> Bool {
        switch (found, wanted) {
        case (.int(let a), .int(let b)), (.date(let a), .date(let b)): holds(a, comparison, b)
        case (.int(let a), .double(let b)): holds(Double(a), comparison, b)
        case (.double(let a), .int(let b)): holds(a, comparison, Double(b))
        case (.double(let a), .double(let b)): holds(a, comparison, b)
        case (.string(let a), .string(let b)):
            comparison == .equal
                ? a == b : comparison != .notEqual && ordered(a, comparison, b)
        case (.bool(let a), .bool(let b)): comparison == .equal && a == b
        case (.strings(let list), .string(let b)): comparison == .equal && list.contains(b)
        default: false
        }
    }

    private static func holds<V: Comparable>(_ a: V, _ comparison: Comparison, _ b: V) -> Bool {
        switch comparison {
        case .lessOrEqual: a <= b
        case .greaterOrEqual: a >= b
        case .notEqual: a != b
        case .equal: a == b
        case .less: a < b
        case .greater: a > b
        }
    }

    /// Texts by their bytes, as ids are ordered.
    private static func ordered(_ a: String, _ comparison: Comparison, _ b: String) -> Bool {
        let isLess = a.utf8.lexicographicallyPrecedes(b.utf8)
        let isGreater = b.utf8.lexicographicallyPrecedes(a.utf8)
        return switch comparison {
        case .less: isLess
        case .greater: isGreater
        case .lessOrEqual: !isGreater
        case .greaterOrEqual: !isLess
        case .equal, .notEqual: false
        }
    }

    /// The condition that `text` is.
    ///
    /// - Throws: ``ToolFailure`` of status usage that says what was expected, and where.
    init(_ text: String) throws {
        var parser = RowFilterParser(text)
        self = try parser.whole()
    }
}

/// Reads a condition word by word.
struct RowFilterParser {
    /// A word of the text.
    private enum Token: Equatable {
        case word(String)
        case name(String)
        case text(String)
        case sign(String)
    }

    private var tokens: [(token: Token, offset: Int)] = []
    private var place = 0
    private var depth = 0
    private var problem: String?

    init(_ text: String) {
        var rest = text.unicodeScalars[...]
        func offset() -> Int {
            text.unicodeScalars.distance(
                from: text.unicodeScalars.startIndex, to: rest.startIndex)
        }
        while let first = rest.first {
            let start = offset()
            if first.properties.isWhitespace {
                rest.removeFirst()
            } else if first == "\"" || first == "'" || first == "`" {
                rest.removeFirst()
                guard let read = Self.quoted(&rest, until: first) else {
                    problem = "the text at \(start) has no end"
                    return
                }
                tokens.append((first == "`" ? .name(read) : .text(read), start))
            } else if "()=<>!,".unicodeScalars.contains(first) {
                rest.removeFirst()
                var sign = String(first)
                if "<>!".unicodeScalars.contains(first), rest.first == "=" {
                    rest.removeFirst()
                    sign += "="
                }
                tokens.append((.sign(sign), start))
            } else {
                let word = rest.prefix { !$0.properties.isWhitespace && !Self.ends($0) }
                rest = rest[word.endIndex...]
                tokens.append((.word(String(word)), start))
            }
        }
    }

    private static func ends(_ scalar: Unicode.Scalar) -> Bool {
        "()=<>!,\"'`".unicodeScalars.contains(scalar)
    }

    /// What stands before the closing quote; a backslash takes the next character as it is.
    private static func quoted(
        _ rest: inout String.UnicodeScalarView.SubSequence, until end: Unicode.Scalar
    ) -> String? {
        var text = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            if next == end { return String(text) }
            if next == "\\", let taken = rest.popFirst() {
                text.append(taken)
            } else {
                text.append(next)
            }
        }
        return nil
    }

    private func failure(_ expected: String) -> ToolFailure {
        let at = place < tokens.count ? "at \(tokens[place].offset)" : "at the end"
        return ToolFailure.usage("--filter: expected \(expected) \(at)")
    }

    /// The whole text as one condition.
    mutating func whole() throws -> RowFilter {
        if let problem { throw ToolFailure.usage("--filter: \(problem)") }
        let filter = try any()
        guard place == tokens.count else { throw failure("and, or, or nothing more") }
        return filter
    }

    private mutating func take(_ word: String) -> Bool {
        guard place < tokens.count else { return false }
        switch tokens[place].token {
        case .word(let found) where found.lowercased() == word: break
        case .sign(let found) where found == word: break
        default: return false
        }
        place += 1
        return true
    }

    private mutating func any() throws -> RowFilter {
        var parts = [try all()]
        while take("or") { parts.append(try all()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func all() throws -> RowFilter {
        var parts = [try single()]
        while take("and") { parts.append(try single()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func single() throws -> RowFilter {
        depth += 1
        defer { depth -= 1 }
        guard depth <= RowFilter.depthLimit else {
            throw ToolFailure.usage("--filter: more than \(RowFilter.depthLimit) levels")
        }
        if take("not") { return .not(try single()) }
        if take("(") {
            let inner = try any()
            guard take(")") else { throw failure("a closing bracket") }
            return inner
        }
        if take("has") { return .has(try name()) }
        return try comparison(of: try name())
    }

    private mutating func name() throws -> String {
        guard place < tokens.count else { throw failure("the name of an attribute") }
        switch tokens[place].token {
        case .word(let name), .name(let name):
            place += 1
            return name
        case .text, .sign: throw failure("the name of an attribute")
        }
    }

    private mutating func comparison(of name: String) throws -> RowFilter {
        if take("in") {
            guard take("(") else { throw failure("an opening bracket") }
            var parts: [RowFilter] = []
            repeat { parts.append(.compare(name, .equal, try value())) } while take(",")
            guard take(")") else { throw failure("a comma or a closing bracket") }
            return .any(parts)
        }
        for comparison in RowFilter.Comparison.allCases where take(comparison.rawValue) {
            return .compare(name, comparison, try value())
        }
        throw failure("a comparison")
    }

    private mutating func value() throws -> AttributeValue {
        guard place < tokens.count else { throw failure("a value") }
        let value: AttributeValue
        switch tokens[place].token {
        case .text(let text): value = .string(text)
        case .word("true"): value = .bool(true)
        case .word("false"): value = .bool(false)
        case .word(let word):
            if let number = Int64(word) {
                value = .int(number)
            } else if let number = Double(word), number.isFinite {
                value = .double(number)
            } else if let moment = try? Verb.moment(word), word.contains("T") {
                // A whole second is meant from its beginning.
                value = .date(
                    microseconds: word.contains(".") ? moment : moment - 999_999)
            } else {
                throw failure("a number, a time, true, false or a text between quotes")
            }
        case .name, .sign: throw failure("a value")
        }
        place += 1
        return value
    }
}
