// One value of a report, with its unit: as people read it and as JSON.

import VarveFormat

/// A value that a report shows.
enum Cell {
    /// Nothing to show.
    case none
    /// Words of the tool.
    case text(String)
    /// A number of things.
    case count(Int)
    /// A number that names something.
    case number(UInt64)
    /// A length.
    case bytes(UInt64)
    /// A figure with so many digits behind the point.
    case figure(Double, Int)
    /// A share of one, shown in percent.
    case share(Double)
    /// A number in hexadecimal, sixteen digits.
    case hex(UInt64)
    /// Yes or no.
    case flag(Bool)
    /// Microseconds since 1970.
    case time(Int64)
    /// The id of a row: user data.
    case id(RecordID)
    /// Text or values that users have written: user data.
    case user(String)
    /// Words to be seen first: green, yellow or red on a terminal.
    case mark(String, Mark)

    /// How a word stands out.
    enum Mark {
        case good, odd, bad
    }

    /// Whether it is aligned to the right in tables.
    var isNumeric: Bool {
        switch self {
        case .count, .number, .bytes, .figure, .share: true
        default: false
        }
    }

    /// The text for people.
    func text(_ redaction: Redaction?) -> String {
        switch self {
        case .none: "-"
        case .text(let text), .mark(let text, _): text
        case .count(let count): Units.grouped(count)
        case .number(let number): String(number)
        case .bytes(let count): Units.bytes(count)
        case .figure(let value, let digits): Units.fixed(value, digits)
        case .share(let share): Units.fixed(share * 100, 1) + " %"
        case .hex(let value): Units.hex(value)
        case .flag(let flag): flag ? "yes" : "no"
        case .time(let microseconds): Units.time(microseconds)
        case .id(let id): redaction?.hide(id) ?? id.description
        case .user(let text): redaction == nil ? text : "(redacted)"
        }
    }

    /// The value as JSON.
    func json(_ redaction: Redaction?) -> String {
        switch self {
        case .none: "null"
        case .count(let count): String(count)
        case .number(let number): String(number)
        case .bytes(let count): String(count)
        case .figure(let value, _), .share(let value):
            value.isFinite ? "\(value)" : "null"
        case .flag(let flag): flag ? "true" : "false"
        case .id(.number(let number)) where redaction == nil: String(number)
        case .text, .mark, .hex, .time, .id, .user: text(redaction).asJSON
        }
    }
}

/// Hides user data: equal ids get equal names within one run, and nothing leads back to them.
struct Redaction {
    /// Random bits of this run.
    let salt: UInt64

    func hide(_ id: RecordID) -> String {
        let bytes: [UInt8] =
            switch id {
            case .number(let number): (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
            case .text(let text): Array(text.utf8)
            }
        return "id:" + Units.hex(checksum64(bytes, seed: salt)).prefix(10)
    }
}
