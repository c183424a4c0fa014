// The name a user gives a row.

/// The id of a row: a number or a text, chosen by the user.
///
/// All numbers order before all texts; numbers order by value, texts by their UTF-8 bytes.
public enum RecordID: Hashable, Comparable, Sendable {
    /// Any 64-bit number.
    case number(UInt64)
    /// UTF-8 text of 1 to ``maximumTextByteCount`` bytes.
    case text(String)

    /// The most bytes the text of an id may have.
    public static let maximumTextByteCount = 1_024

    public static func < (a: RecordID, b: RecordID) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)): x < y
        case (.number, .text): true
        case (.text, .number): false
        case (.text(let x), .text(let y)):
            x.utf8.lexicographicallyPrecedes(y.utf8)
        }
    }

    /// Whether both are the same number, or texts of the same bytes.
    ///
    /// Not `String`'s own equality, which takes different bytes for equal where Unicode finds them
    /// equivalent: what is stored and hashed is the bytes.
    public static func == (a: RecordID, b: RecordID) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)): x == y
        case (.text(let x), .text(let y)):
            x.utf8.count == y.utf8.count && x.utf8.elementsEqual(y.utf8)
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .number(let number): hasher.combine(number)
        case .text: hasher.combine(stableHash64)
        }
    }

    /// Whether this id may be stored; a text must have 1 to 1,024 bytes.
    public var isValid: Bool {
        switch self {
        case .number: true
        case .text(let text): (1...Self.maximumTextByteCount).contains(text.utf8.count)
        }
    }
}

extension RecordID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self = .number(value) }
}

extension RecordID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
}

extension RecordID: CustomStringConvertible {
    public var description: String {
        switch self {
        case .number(let number): String(number)
        case .text(let text): text
        }
    }
}
