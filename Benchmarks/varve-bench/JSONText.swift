// Results as one line of JSON.

import VarveFormat

/// A value of JSON; objects keep the order they were written in.
enum JSONValue: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case integer(Int)
    /// A number printed with at most this many digits behind the point.
    case decimal(Double, digits: Int)
    case bool(Bool)
    case list([JSONValue])
    case object([(name: String, value: JSONValue)])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .integer(value) }

    /// The value on one line.
    var line: String {
        switch self {
        case .text(let text): text.asJSON
        case .integer(let number): String(number)
        case .decimal(let number, let digits): decimalText(number, digits: digits)
        case .bool(let flag): flag ? "true" : "false"
        case .list(let values): "[" + values.map(\.line).joined(separator: ", ") + "]"
        case .object(let fields):
            "{" + fields.map { $0.name.asJSON + ": " + $0.value.line }.joined(separator: ", ")
                + "}"
        }
    }
}

/// A number with at most `digits` digits behind the point, without needless zeros; null if not
/// finite.
func decimalText(_ number: Double, digits: Int) -> String {
    guard number.isFinite else { return "null" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (number.magnitude * scale).rounded()
    guard scaled < 9e15 else { return String(number) }
    let whole = UInt64(scaled) / UInt64(scale)
    let fraction = String(UInt64(scaled) % UInt64(scale))
    let sign = number < 0 && scaled > 0 ? "-" : ""
    var text = String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
    while text.hasSuffix("0") { text.removeLast() }
    return sign + String(whole) + (text.isEmpty ? "" : "." + text)
}
