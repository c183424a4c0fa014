// What is wrong with some bytes, and where.

/// Bytes that are not what the specification says.
///
/// Decoders throw it and never trap; it names the file, the section and the offset of the first
/// wrong byte.
public struct FormatError: Error, Hashable, Sendable {
    /// The kinds of wrongness, each calling for a different answer.
    public enum Kind: String, Hashable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// The file does not begin as this kind of file does.
        case foreign
        /// A checksum or digest does not match its bytes.
        case checksumMismatch
        /// The checksums match, but a value is outside its range or contradicts another.
        case invalidValue
        /// A later version wrote this, with something a reader must understand.
        case tooNew
        /// The file belongs to another store or stands in for another file.
        case misplaced
    }

    /// What is wrong.
    public var kind: Kind
    /// The file's name relative to the store, or empty where the decoder was given bytes alone.
    public var file: String
    /// The section or structure, in the words of the specification.
    public var section: String
    /// Bytes from the beginning of the file (of the buffer, where `file` is empty).
    public var offset: UInt64
    /// One sentence with expected and found.
    public var detail: String

    /// An error of these parts.
    public init(
        _ kind: Kind, file: String = "", section: String, offset: UInt64, detail: String
    ) {
        self.kind = kind
        self.file = file
        self.section = section
        self.offset = offset
        self.detail = detail
    }

    /// The same error, attributed to `file` unless it names one already.
    public func inFile(_ file: String) -> FormatError {
        var copy = self
        if copy.file.isEmpty { copy.file = file }
        return copy
    }
}

extension FormatError: CustomStringConvertible {
    public var description: String {
        "\(kind.rawValue) in \(file.isEmpty ? "bytes" : file), \(section) at \(offset): \(detail)"
    }
}
