// CURRENT as a value and as text. Specification: Format/Specification/current.md.

/// The pointer to the live manifest: which file, how long, and what its bytes are.
public struct CurrentPointer: Hashable, Sendable {
    /// The number of the live manifest.
    public var version: VersionNumber
    /// The exact length of its file in bytes.
    public var byteCount: UInt64
    /// The digest of its whole file.
    public var digest: Digest
    /// The store it belongs to.
    public var store: StoreID

    /// A pointer of these parts.
    public init(version: VersionNumber, byteCount: UInt64, digest: Digest, store: StoreID) {
        self.version = version
        self.byteCount = byteCount
        self.digest = digest
        self.store = store
    }

    /// The most bytes a CURRENT of this format has; a reader need not read more.
    public static let maximumByteCount = 512

    private static let title = "varve-current "
    private static let formatNumber = "1"
    private static let checksumKey = "checksum "
    /// "checksum ", sixteen digits and the newline.
    private static let checksumLineByteCount = 26
    /// The text `CURRENT!` as a little-endian number.
    private static let checksumSeed: UInt64 = 0x2154_4E45_5252_5543

    /// The text, newline-terminated.
    public func encoded() -> [UInt8] {
        let text =
            Self.title + Self.formatNumber + "\n"
            + "manifest " + FileNames.manifest(version) + "\n"
            + "length \(byteCount)\n"
            + "digest " + Self.hexadecimal(digest.high) + Self.hexadecimal(digest.low) + "\n"
            + "store " + Self.hexadecimal(store.high) + Self.hexadecimal(store.low) + "\n"
        let sum = checksum64(Array(text.utf8), seed: Self.checksumSeed)
        return Array((text + Self.checksumKey + Self.hexadecimal(sum) + "\n").utf8)
    }

    /// Reads the text; accepts exactly what ``encoded()`` writes and nothing else.
    ///
    /// - Throws: ``FormatError`` of kind `truncated`, `foreign` (another first line),
    ///   `checksumMismatch`, `tooNew` (another format number under a right checksum) or
    ///   `invalidValue`.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        let text = try Self.verifiedText(bytes)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines[0] == Self.title + Self.formatNumber else {
            throw Self.error(
                .tooNew, 0, "format \(lines[0].dropFirst(Self.title.count)) is unknown")
        }
        guard lines.count == 7,
            let name = Self.value(lines[1], "manifest "),
            let version = FileNames.manifestNumber(String(name)),
            let byteCount = Self.value(lines[2], "length ").flatMap({ UInt64($0) }),
            let digest = Self.value(lines[3], "digest ").flatMap(Self.pair),
            let store = Self.value(lines[4], "store ").flatMap(Self.pair)
        else {
            throw Self.error(.invalidValue, 0, "a line is not as specified")
        }
        self.init(
            version: version, byteCount: byteCount,
            digest: Digest(low: digest.low, high: digest.high),
            store: StoreID(low: store.low, high: store.high))
        guard encoded() == bytes else {
            throw Self.error(.invalidValue, 0, "not in the one form that is allowed")
        }
    }

    /// Checks everything that does not depend on the format number.
    private static func verifiedText(_ bytes: [UInt8]) throws(FormatError) -> String {
        guard bytes.count <= maximumByteCount else {
            throw error(.invalidValue, maximumByteCount, "\(bytes.count) bytes are too many")
        }
        guard bytes.starts(with: title.utf8) else {
            let isPrefix = title.utf8.starts(with: bytes)
            throw error(isPrefix ? .truncated : .foreign, 0, "not a CURRENT of a Varve store")
        }
        if let offset = bytes.firstIndex(of: 0x0D) {
            throw error(.invalidValue, offset, "line endings have been changed to CR LF")
        }
        guard bytes.last == 0x0A, bytes.count > checksumLineByteCount else {
            throw error(.truncated, bytes.count, "the last line is not complete")
        }
        let bodyCount = bytes.count - checksumLineByteCount
        let sum = checksum64(Array(bytes[..<bodyCount]), seed: checksumSeed)
        let expected = checksumKey + hexadecimal(sum) + "\n"
        guard bytes[bodyCount...].elementsEqual(expected.utf8), bytes[bodyCount - 1] == 0x0A else {
            throw error(.checksumMismatch, bodyCount, "checksum does not match")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error(.invalidValue, 0, "not UTF-8")
        }
        return text
    }

    private static func error(
        _ kind: FormatError.Kind, _ offset: Int, _ detail: String
    ) -> FormatError {
        FormatError(kind, section: "CURRENT", offset: UInt64(offset), detail: detail)
    }

    private static func value(_ line: Substring, _ key: String) -> Substring? {
        line.hasPrefix(key) ? line.dropFirst(key.count) : nil
    }

    /// Sixteen lower-case digits.
    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Thirty-two hexadecimal digits, the high half first.
    private static func pair(_ text: Substring) -> (low: UInt64, high: UInt64)? {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.dropFirst(16), radix: 16)
        else {
            return nil
        }
        return (low, high)
    }
}
