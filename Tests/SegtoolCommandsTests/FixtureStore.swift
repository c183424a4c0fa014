// The golden store on a simulated disk: whole, and damaged in ways that are always the same.

import VarveCheck
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// A copy of the store under Fixtures that tests may damage.
enum FixtureStore: String, CaseIterable {
    /// As it is.
    case healthy
    /// One flipped bit in the pointer, a manifest, a segment and the log; zeros in another segment.
    case damaged
    /// CURRENT is missing, a segment ends early, the log is torn, and strangers lie about.
    case headless

    static let root = FilePath("/store")
    static let folder = FilePath(#filePath).parent.parent.appending("Fixtures")

    /// A disk that holds it.
    func disk() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: 3)
        disk.keepsTrace = false
        try disk.createDirectory(Self.root)
        for name in ["log", "segments", "trash"] {
            try disk.createDirectory(Self.root.appending(name))
        }
        try Self.copy(Self.folder.appending("v1/store"), Self.root, to: disk)
        switch self {
        case .healthy: break
        case .damaged: try damage(disk)
        case .headless: try behead(disk)
        }
        return disk
    }

    static func copy(
        _ from: FilePath, _ to: FilePath, to disk: SimulatedFileSystem
    ) throws {
        let machine = PosixFileSystem()
        for name in try machine.list(from).sorted() {
            let source = from.appending(name)
            if try machine.status(source)?.isDirectory == true {
                if try disk.status(to.appending(name)) == nil {
                    try disk.createDirectory(to.appending(name))
                }
                try copy(source, to.appending(name), to: disk)
            } else {
                let bytes = try machine.readWholeFile(source, limit: 1 << 26)
                try disk.writeFileDurably(to.appending(name), bytes)
            }
        }
    }

    /// The names of files that end in `suffix`, in order.
    static func files(_ disk: SimulatedFileSystem, _ suffix: String) -> [FilePath] {
        disk.filePaths.filter { $0.text.hasSuffix(suffix) }.sorted { $0.text < $1.text }
    }

    /// Where a section of a segment begins.
    static func offset(
        of section: SegmentSection, in path: FilePath, _ disk: SimulatedFileSystem
    ) throws -> Int {
        let image = try SegmentImage(
            disk, path: path, name: path.name, role: .live, record: nil)
        guard let index = image.index(of: section.rawValue) else { return 0 }
        return Int(image.entries[index].offset)
    }

    private func damage(_ disk: SimulatedFileSystem) throws {
        let segments = Self.files(disk, ".seg")
        let logs = Self.files(disk, ".wal")
        disk.damage(Self.root.appending("manifest-000002"), .flipBit(offset: 100, bit: 3))
        let nodes = try Self.offset(of: .nodes, in: segments[0], disk)
        disk.damage(segments[0], .flipBit(offset: nodes + 77, bit: 5))
        let ids = try Self.offset(of: .identifiers, in: segments[1], disk)
        disk.damage(segments[1], .zero(ids..<ids + 512))
        disk.damage(logs[0], .flipBit(offset: 200, bit: 0))
    }

    private func behead(_ disk: SimulatedFileSystem) throws {
        let segments = Self.files(disk, ".seg")
        let logs = Self.files(disk, ".wal")
        try disk.remove(Self.root.appending("CURRENT"))
        let size = disk.bytes(segments[1])?.count ?? 0
        disk.damage(segments[1], .truncate(byteCount: size / 2))
        disk.damage(logs[0], .truncate(byteCount: (disk.bytes(logs[0])?.count ?? 0) - 100))
        try disk.writeFileDurably(Self.root.appending("notes.txt"), Array("hello".utf8))
        try disk.writeFileDurably(Self.root.appending("segments/000099.seg"), [1, 2, 3])
    }
}
