// Attributes as values; their bytes are in AttributeRecord.swift.

/// What an attribute of a row may hold.
public enum AttributeValue: Hashable, Sendable {
    /// UTF-8 text.
    case string(String)
    /// A signed 64-bit number.
    case int(Int64)
    /// A finite or infinite binary64; not a NaN.
    case double(Double)
    /// True or false.
    case bool(Bool)
    /// Microseconds since 1970-01-01T00:00:00Z.
    case date(microseconds: Int64)
    /// A list of texts, such as tags.
    case strings([String])

    /// The type, which an attribute's name keeps for ever once it has been written.
    public var type: AttributeType {
        switch self {
        case .string: .string
        case .int: .int
        case .double: .double
        case .bool: .bool
        case .date: .date
        case .strings: .strings
        }
    }
}

/// The type of an attribute.
public enum AttributeType: UInt8, Sendable, CaseIterable {
    case string = 1
    case int = 2
    case double = 3
    case bool = 4
    case date = 5
    case strings = 6
}

/// The number that stands for an attribute's name in rows; given out by the store's catalogue.
public struct AttributeID: Hashable, Comparable, Sendable {
    /// The number, dense from zero.
    public var rawValue: UInt16

    /// Names attribute `rawValue`.
    public init(_ rawValue: UInt16) { self.rawValue = rawValue }

    public static func < (a: AttributeID, b: AttributeID) -> Bool { a.rawValue < b.rawValue }
}

/// An attribute's name and type, as the store knows it.
public struct AttributeDefinition: Hashable, Sendable {
    /// The dotted name, 1 to 255 bytes of UTF-8.
    public var name: String
    /// The type every value of that name has.
    public var type: AttributeType

    /// A definition of these parts.
    public init(name: String, type: AttributeType) {
        self.name = name
        self.type = type
    }
}
