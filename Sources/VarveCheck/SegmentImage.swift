// A segment file as it lies on the disk, healthy or not: structure found, blocks checked one by
// one, single flipped bits put right in memory.

public import VarveFormat
public import VarveStorage

/// A segment file, read as far as its checksums allow.
///
/// Unlike a reader of the engine it does not stop at the first wrong byte. What a checksum proves
/// to be one flipped bit is put right in memory and noted. Not for several threads at once.
public final class SegmentImage {
    /// The state of one block.
    public enum BlockState: Hashable, Sendable {
        /// Its checksum matches.
        case whole
        /// Its checksum matched once one bit was put right.
        case corrected(Damage)
        /// Its checksum does not match.
        case damaged(Damage?)
        /// Its checksum cannot be known: the table that has it is damaged.
        case unverifiable
        /// The file ends before it does.
        case missing
    }

    /// The file's name relative to the store, for findings.
    public let name: String
    /// What the file is to the live version.
    public let role: FileRole
    /// What a manifest says of the segment; nil if none is at hand.
    public let record: SegmentRecord?
    /// Bytes of the file.
    public let byteCount: UInt64
    /// The file's header, put right if a bit had flipped; nil if it is beyond that.
    public internal(set) var header: FileHeader?
    /// The footer; nil if it is damaged or missing.
    public internal(set) var footer: SegmentFooter?
    /// The sections; none if the directory is damaged or missing.
    public internal(set) var entries: [SegmentSectionEntry] = []
    /// What is wrong with header, footer and directory.
    public internal(set) var problems: [Finding] = []
    /// Blocks that were put right by flipping one bit back, as far as they were asked for.
    public internal(set) var correctedBlockCount = 0

    let fileSystem: any FileSystem
    let path: FilePath
    let file: any StoredFile
    var flips = BitFlipSearch()
    var tablePages: [TableKey: [UInt64]?] = [:]
    var blocks: [BlockKey: [UInt8]?] = [:]
    var cachedDescription: SegmentDescription??
    var cachedIndex: AttributeRowIndex??
    /// The salt of all checksums.
    var salt: FileID { header?.file ?? footer?.file ?? record?.file ?? FileID(0) }

    struct TableKey: Hashable {
        var section: Int
        var page: Int
    }

    struct BlockKey: Hashable {
        var section: Int
        var block: Int
    }

    /// Blocks kept in memory, at most.
    static let cachedBlockLimit = 512

    /// Opens the file at `path` and finds its structure.
    ///
    /// - Parameter findsCauses: Whether single flipped bits are looked for.
    /// - Throws: ``StorageError`` if it cannot be opened or read.
    public init(
        _ fileSystem: any FileSystem, path: FilePath, name: String, role: FileRole,
        record: SegmentRecord?, findsCauses: Bool = true
    ) throws(StorageError) {
        if !findsCauses { flips = BitFlipSearch(hashing: 0) }
        self.name = name
        self.role = role
        self.record = record
        self.fileSystem = fileSystem
        self.path = path
        file = try fileSystem.open(path, .read)
        byteCount = try file.byteCount()
        checkLength()
        let head = try bytes(at: 0, count: SegmentBlocks.pageByteCount)
        readHeader(head)
        try readFooter()
        checkFirstPage(head)
        try readDirectory()
    }

    /// Bytes the file should have, as far as that is known.
    var expectedByteCount: UInt64 { record?.byteCount ?? byteCount }

    /// Whether the sections are known.
    public var hasDirectory: Bool { !entries.isEmpty }

    /// The number of the section called `name`.
    public func index(of name: String) -> Int? { entries.firstIndex { $0.name == name } }

    /// The bytes from `offset` on, `count` of them or as many as the file has.
    func bytes(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        guard offset < byteCount else { return [] }
        return try file.readBytes(
            count: Int(min(UInt64(count), byteCount - offset)), at: offset)
    }

    /// Notes something wrong.
    func note(
        _ kind: Finding.Kind, _ section: String, _ offset: UInt64, _ byteCount: UInt64 = 0,
        _ damage: Damage? = nil, _ detail: String
    ) {
        problems.append(
            Finding(
                .corruption, kind, role: role, file: name, section: section, offset: offset,
                byteCount: byteCount, damage: damage, detail: detail))
    }
}
