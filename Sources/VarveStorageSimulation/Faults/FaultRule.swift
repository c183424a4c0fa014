// Which calls go wrong, when, and how: rules as data.

public import VarveStorage

/// A rule by which calls to a simulated disk go wrong.
public struct FaultRule: Hashable, Sendable {
    /// The kinds of calls it is about.
    public var calls: Set<DiskCall>
    /// The paths it is about.
    public var paths: PathPattern
    /// Which of the calls that match go wrong.
    public var trigger: Trigger
    /// Whether it goes on once it has fired: from the nth call to the last, or with every draw.
    public var repeats: Bool
    /// What goes wrong.
    public var effect: FaultEffect

    /// A rule of these parts.
    public init(
        _ effect: FaultEffect, on calls: Set<DiskCall>, paths: PathPattern = .any,
        trigger: Trigger = .nth(1), repeats: Bool = false
    ) {
        self.calls = calls
        self.paths = paths
        self.trigger = trigger
        self.repeats = repeats
        self.effect = effect
    }

    /// Which of the calls that match go wrong.
    public enum Trigger: Hashable, Sendable {
        /// The nth that matches, counted from one.
        case nth(Int)
        /// Each with this chance, drawn from the seed.
        case oneIn(Int)
        /// The first that matches at or after the operation of this index. Calls without an index
        /// count as the operation to come.
        case operation(Int)
    }

    /// A set of paths.
    public enum PathPattern: Hashable, Sendable {
        /// Every path.
        case any
        /// This path.
        case exactly(FilePath)
        /// Paths that end so: `.seg`.
        case suffix(String)
        /// Paths that have this text anywhere.
        case containing(String)

        /// Whether `path` is in the set.
        public func matches(_ path: FilePath) -> Bool {
            switch self {
            case .any: true
            case .exactly(let other): path == other
            case .suffix(let text): path.text.hasSuffix(text)
            case .containing(let text): Self.contains(path.text, text)
            }
        }

        private static func contains(_ text: String, _ part: String) -> Bool {
            let (bytes, wanted) = (Array(text.utf8), Array(part.utf8))
            guard bytes.count >= wanted.count else { return false }
            return (0...bytes.count - wanted.count).contains { start in
                bytes[start..<start + wanted.count].elementsEqual(wanted)
            }
        }
    }
}

/// What goes wrong.
public enum FaultEffect: Hashable, Sendable {
    /// The call fails and nothing has happened.
    case fail(DiskFailure)
    /// The call happens and says that it failed.
    case happenThenFail(DiskFailure)
    /// A read or write moves fewer bytes than asked for, at least one.
    case short
    /// A read or write moves no byte, and says so.
    case nothing
    /// A write says it is done; its bytes never land, though the length grows.
    case phantom
    /// A write lands this many bytes after (before, if negative) its place.
    case misdirected(by: Int64)
    /// A read gives the bytes of another place, this far away.
    case misread(by: Int64)
    /// A read gives what is durable instead of what was last written.
    case stale
    /// A sync fails; reads still see the bytes, but the next sync succeeds without saving them.
    case dropPages
    /// A sync fails, and what was not durable is gone from reads too.
    case revertPages
    /// A write succeeds and is lost in the background. The next sync of a file that is open now
    /// fails, once; a file opened later never hears of it.
    case failInBackground
}

/// The failures of the operating system that matter to a store.
public enum DiskFailure: Hashable, Sendable, CaseIterable {
    case inputOutput, noSpace, quota, interrupted, tryAgain, tooManyFiles, readOnly, accessDenied
    case stale

    /// The number of the failure on Linux.
    public var errorNumber: Int32 {
        switch self {
        case .inputOutput: ErrorNumber.inputOutput
        case .noSpace: ErrorNumber.noSpace
        case .quota: ErrorNumber.quota
        case .interrupted: ErrorNumber.interrupted
        case .tryAgain: ErrorNumber.tryAgain
        case .tooManyFiles: ErrorNumber.processFileLimit
        case .readOnly: ErrorNumber.readOnly
        case .accessDenied: ErrorNumber.accessDenied
        case .stale: ErrorNumber.stale
        }
    }
}
