// One version of a store as a value. Specification: Format/Specification/manifest.md.

/// Everything that makes up one version of a store: its shape, its segments and where its logs
/// begin.
///
/// A manifest is a whole snapshot, never an edit; it is linked to the version before it by digest.
public struct Manifest: Hashable, Sendable {
    /// The store the version belongs to.
    public var store: StoreID
    /// The version's number, from 1, as in the file's name.
    public var version: VersionNumber
    /// The salt of the manifest's own file.
    public var file: FileID
    /// The version this one was made from; nil for the first.
    public var parent: ManifestParent?
    /// When it was made, in microseconds since 1970-01-01T00:00:00Z.
    ///
    /// For people; nothing depends on it.
    public var createdMicroseconds: Int64
    /// The shape of every vector.
    public var schema: Schema
    /// The store's options in the order they were written, unknown keys included.
    public var options: [StoredOption]
    /// Names and types of attributes, indexed by ``AttributeID``.
    ///
    /// Entries are only ever added.
    public var attributes: [AttributeDefinition]
    /// The segments, oldest first.
    public var segments: [SegmentRecord]
    /// The lowest log number that is still needed.
    public var logFloor: LogNumber
    /// The lowest number that no log and no segment of this version carries; both draw from it.
    public var nextFileNumber: UInt64
    /// The newest write that is in a segment.
    public var lastSequence: SequenceNumber
    /// Fields of later versions of the format, carried along.
    public var extensions: [ManifestExtension]

    /// The first version of an empty store.
    public init(
        store: StoreID, file: FileID, schema: Schema, createdMicroseconds: Int64,
        options: [StoredOption] = []
    ) {
        self.store = store
        version = VersionNumber(1)
        self.file = file
        parent = nil
        self.createdMicroseconds = createdMicroseconds
        self.schema = schema
        self.options = options
        attributes = []
        segments = []
        logFloor = LogNumber(1)
        nextFileNumber = 1
        lastSequence = .zero
        extensions = []
    }

    /// A copy to edit into the next version; its parent is filled in when it is published.
    public func successor(
        version: VersionNumber, file: FileID, createdMicroseconds: Int64
    ) -> Manifest {
        var next = self
        next.version = version
        next.file = file
        next.createdMicroseconds = createdMicroseconds
        next.parent = nil
        return next
    }

    /// The option of that name; nil if there is none.
    public func option(_ key: String) -> String? {
        options.first { $0.key == key }?.value
    }

    /// The id of the attribute of that name; nil if the store has never seen it.
    public func attribute(named name: String) -> AttributeID? {
        // By bytes: text that only looks equal is another name.
        attributes.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
            .map { AttributeID(UInt16($0)) }
    }

    /// The most bytes the file of a manifest may have.
    public static let maximumByteCount = 64 << 20
    /// The most options, attributes, segments and extensions a manifest may have.
    static let maximumOptionCount = 4_096
    static let maximumAttributeCount = 65_536
    static let maximumSegmentCount = 1 << 18
    static let maximumExtensionCount = 1_024
    static let maximumAttributeNameByteCount = 255
}
