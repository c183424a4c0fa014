// One option of a store as its manifest keeps it.

/// A key and its value; keys this code does not know are kept as they are.
public struct StoredOption: Hashable, Sendable {
    /// The option's name, 1 to 255 bytes of UTF-8.
    public var key: String
    /// Its value as text, at most 65,535 bytes of UTF-8.
    public var value: String

    /// An option of these parts.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// The most bytes a key may have.
    public static let maximumKeyByteCount = 255
    /// The most bytes a value may have.
    public static let maximumValueByteCount = 65_535
}
