// The one error of the public face.

/// What went wrong with a call to a store.
///
/// `code` is for programs, `message` says to a person what happened and what to do, `cause` keeps
/// the lower floor's own error, and `place` tells where the wrong bytes stand.
public struct StoreError: Error, Sendable {
    /// The kinds of failure.
    ///
    /// The set may grow, so a `switch` over it needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Sendable {
            case invalidArgument, notFound, notAStore, storeExists, schemaMismatch, formatTooNew
            case locked, corruption, noSpace, inputOutput, notPermitted, failed, closed, readOnly
            case tooLarge, interrupted, cancelled
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// An argument is outside its range; nothing has been changed.
        public static let invalidArgument = Code(.invalidArgument)
        /// No row has the id, or nothing stands at the path.
        public static let notFound = Code(.notFound)
        /// The directory holds something, but not a store.
        public static let notAStore = Code(.notAStore)
        /// A store stands where one was to be created.
        public static let storeExists = Code(.storeExists)
        /// The store has another dimension, metric or element type than was asked for.
        public static let schemaMismatch = Code(.schemaMismatch)
        /// A later version of Varve wrote a file this one cannot read.
        public static let formatTooNew = Code(.formatTooNew)
        /// Another opener holds the store.
        public static let locked = Code(.locked)
        /// Bytes on disk are not what was written; `place` says which.
        public static let corruption = Code(.corruption)
        /// The disk is full; nothing acknowledged is lost.
        public static let noSpace = Code(.noSpace)
        /// The device failed.
        public static let inputOutput = Code(.inputOutput)
        /// The process may not do this here.
        public static let notPermitted = Code(.notPermitted)
        /// An earlier write or sync failed; reading goes on, writing needs the store to be
        /// reopened.
        public static let failed = Code(.failed)
        /// The store has been closed.
        public static let closed = Code(.closed)
        /// The store was opened for reading only.
        public static let readOnly = Code(.readOnly)
        /// A batch, id or attribute is over its limit; nothing of the batch has been written.
        public static let tooLarge = Code(.tooLarge)
        /// The creation of the store at this path was interrupted and left a skeleton.
        public static let interruptedCreation = Code(.interrupted)
        /// The caller's own progress closure asked to stop.
        public static let cancelled = Code(.cancelled)

        public var description: String { kind.rawValue }
    }

    /// Where something is wrong on disk.
    public struct Place: Hashable, Sendable {
        /// The file, relative to the store's directory.
        public var file: String
        /// The section or structure inside it.
        public var section: String
        /// Bytes from its beginning.
        public var offset: UInt64
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and what to do, in a sentence or two.
    public let message: String
    /// The error below, if there is one.
    public let cause: (any Error)?
    /// Where the wrong bytes stand, if that is what is wrong.
    public let place: Place?

    /// An error of these parts.
    package init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, place: Place? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.place = place
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        var text = "\(code): \(message)"
        if let place {
            text += " [\(place.file), \(place.section), offset \(place.offset)]"
        }
        return text
    }
}
