// Everything a reader needs, in one object that never changes.

public import VarveFormat
public import VarveMemtable

/// The memtables and segments of a store at one moment of its structure.
///
/// It is replaced as a whole when a memtable is sealed or a version published; whoever holds an old
/// one goes on reading it, files and all.
public final class ReadState: Sendable {
    /// The memtable that takes writes.
    public let active: Memtable
    /// Memtables that wait for their flush, newest first.
    public let sealed: [Memtable]
    /// The published version.
    public let manifest: Manifest
    /// Its segments, newest first.
    public let segments: [SegmentHandle]

    /// A state of these parts.
    public init(
        active: Memtable, sealed: [Memtable], manifest: Manifest, segments: [SegmentHandle]
    ) {
        self.active = active
        self.sealed = sealed
        self.manifest = manifest
        self.segments = segments
    }
}
