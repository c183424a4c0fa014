// Room in the manifest for what later versions of the format add.

/// A tagged field of a manifest that this code carries along without reading it.
public struct ManifestExtension: Hashable, Sendable {
    /// What the bytes are; unique in a manifest.
    public var tag: UInt32
    /// Whether a reader that does not know the tag must refuse the manifest.
    public var isRequired: Bool
    /// The field's bytes, at most 1 MiB.
    public var bytes: [UInt8]

    /// An extension of these parts.
    public init(tag: UInt32, isRequired: Bool, bytes: [UInt8]) {
        self.tag = tag
        self.isRequired = isRequired
        self.bytes = bytes
    }

    /// The most bytes one extension may have.
    public static let maximumByteCount = 1 << 20
}
