// One thing that is not as it should be, and what it costs.

public import VarveFormat

/// What a check has come across: where, how bad, and whose rows it concerns.
public struct Finding: Hashable, Sendable {
    /// How bad it is, mildest first.
    public enum Severity: UInt8, Hashable, Comparable, Sendable, CaseIterable {
        /// Unusual and harmless: a torn tail, a file nobody needs. Nothing is lost.
        case oddity = 0
        /// Bytes are not what was written, or say what cannot be.
        case corruption = 1
        /// A later version of the format wrote this; it cannot be judged.
        case tooNew = 2
        /// The disk would not give the bytes.
        case unreadable = 3

        public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

        /// The name in reports.
        public var name: String {
            switch self {
            case .oddity: "oddity"
            case .corruption: "corruption"
            case .tooNew: "too new"
            case .unreadable: "unreadable"
            }
        }
    }

    /// The kinds of finding, for programs.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// CURRENT is not there, or cannot be read.
        case pointer
        /// A file that is named is not there.
        case missing
        /// A file has another length than it should.
        case length
        /// A header, footer or directory cannot be believed.
        case structure
        /// A checksum of bytes does not match.
        case checksum
        /// The digest of a whole file does not match, though its own checksums do.
        case digest
        /// Right checksums, wrong values.
        case value
        /// Another store's or another file's bytes stand here.
        case misplaced
        /// The chain of versions is broken.
        case chain
        /// Sequence numbers or logs do not follow each other.
        case sequence
        /// A row stands in two places, or in none.
        case identity
        /// Searches find fewer of the known answers than when the segment was sealed.
        case recall
        /// Codes are not those of their rows.
        case encoding
        /// A log ends in the middle of a record, as a crash leaves it.
        case tornTail
        /// A version newer than CURRENT, left by a publication that was cut off.
        case newerVersion
        /// A file that nothing needs.
        case orphan
        /// A name that no store makes.
        case stranger
        /// A creation that was cut off.
        case interruptedCreation
    }

    /// How bad it is.
    public var severity: Severity
    /// What kind of thing it is.
    public var kind: Kind
    /// What the file is to the live version.
    public var role: FileRole
    /// The file, relative to the store's directory.
    public var file: String
    /// The section or structure in it.
    public var section: String
    /// Bytes from the beginning of the file.
    public var offset: UInt64
    /// Bytes concerned; zero where that is not known.
    public var byteCount: UInt64
    /// What happened to the bytes, where that can be told.
    public var damage: Damage?
    /// One sentence with expected and found.
    public var detail: String
    /// Rows whose content stands in the bytes concerned; searches may miss others.
    public var rowCount = 0
    /// Ids of the first of them, as far as they can be read.
    public var ids: [RecordID] = []

    /// A finding of these parts.
    public init(
        _ severity: Severity, _ kind: Kind, role: FileRole, file: String, section: String = "file",
        offset: UInt64 = 0, byteCount: UInt64 = 0, damage: Damage? = nil, detail: String
    ) {
        self.severity = severity
        self.kind = kind
        self.role = role
        self.file = file
        self.section = section
        self.offset = offset
        self.byteCount = byteCount
        self.damage = damage
        self.detail = detail
    }

    /// The finding that `error` about a file of this role is.
    public init(_ error: FormatError, role: FileRole, file: String) {
        let kind: Kind =
            switch error.kind {
            case .truncated: .length
            case .foreign: .structure
            case .checksumMismatch: .checksum
            case .invalidValue, .tooNew: .value
            case .misplaced: .misplaced
            }
        self.init(
            error.kind == .tooNew ? .tooNew : .corruption, kind, role: role,
            file: error.file.isEmpty ? file : error.file, section: error.section,
            offset: error.offset, detail: error.detail)
    }
}

extension Finding: CustomStringConvertible {
    public var description: String {
        let what = damage.map { " (\($0))" } ?? ""
        return "\(severity.name) in \(file), \(section) at \(offset): \(detail)\(what)"
    }
}
