// The files a store makes, as values.

public import VarveFormat

/// A numbered file of a store.
public enum StoreFile: Hashable, Sendable {
    /// One version.
    case manifest(VersionNumber)
    /// A write-ahead log.
    case log(LogNumber)
    /// A segment.
    case segment(SegmentID)
    /// The deleted rows of a segment as of a version.
    case tombstones(SegmentID, VersionNumber)

    /// The name relative to the store's directory.
    public var name: String {
        switch self {
        case .manifest(let number): FileNames.manifest(number)
        case .log(let number): FileNames.log(number)
        case .segment(let number): FileNames.segment(number)
        case .tombstones(let segment, let version): FileNames.tombstones(segment, version)
        }
    }

    /// The folder it stands in, relative to the store's directory; empty for that itself.
    public var folder: String {
        switch self {
        case .manifest: ""
        case .log: FileNames.logFolder
        case .segment, .tombstones: FileNames.segmentFolder
        }
    }

    /// The name inside its folder.
    public var lastComponent: String {
        String(name.dropFirst(folder.isEmpty ? 0 : folder.count + 1))
    }

    /// The kind and the number its header must have.
    public var headerKind: FileKind {
        switch self {
        case .manifest: .manifest
        case .log: .log
        case .segment: .segment
        case .tombstones: .tombstones
        }
    }

    /// The number its header must have.
    public var headerNumber: UInt64 {
        switch self {
        case .manifest(let number), .tombstones(_, let number): number.rawValue
        case .log(let number): number.rawValue
        case .segment(let number): number.rawValue
        }
    }

    /// The file called `name` inside `folder`; nil for a name that no store makes there.
    public init?(folder: String, name: String) {
        switch folder {
        case "":
            guard let number = FileNames.manifestNumber(name) else { return nil }
            self = .manifest(number)
        case FileNames.logFolder:
            guard let number = FileNames.logNumber(name) else { return nil }
            self = .log(number)
        case FileNames.segmentFolder:
            if let number = FileNames.segmentNumber(name) {
                self = .segment(number)
            } else if let (segment, version) = FileNames.tombstoneNumbers(name) {
                self = .tombstones(segment, version)
            } else {
                return nil
            }
        default: return nil
        }
    }

    /// The folders whose files have numbers.
    public static let folders = ["", FileNames.logFolder, FileNames.segmentFolder]
}

extension StoreFile: Comparable {
    public static func < (a: StoreFile, b: StoreFile) -> Bool { a.order < b.order }

    private var order: (UInt8, UInt64, UInt64) {
        switch self {
        case .manifest(let number): (0, number.rawValue, 0)
        case .log(let number): (1, number.rawValue, 0)
        case .segment(let number): (2, number.rawValue, 0)
        case .tombstones(let segment, let version): (3, segment.rawValue, version.rawValue)
        }
    }
}

extension Manifest {
    /// The segments and tombstones this version names, in the order it names them.
    public var files: [StoreFile] {
        segments.flatMap { segment -> [StoreFile] in
            guard let tombstones = segment.tombstones else { return [.segment(segment.id)] }
            return [.segment(segment.id), .tombstones(segment.id, tombstones.version)]
        }
    }
}
