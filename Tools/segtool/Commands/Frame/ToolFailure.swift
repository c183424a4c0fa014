// Why a verb could not be carried out, whatever floor it comes from.

import Varve
import VarveFormat
import VarveLog
import VarveManifest
import VarveSegment
import VarveStorage

/// A failure with its exit status.
struct ToolFailure: Error, CustomStringConvertible {
    var status: ExitStatus
    var description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }

    static func usage(_ text: String) -> ToolFailure { ToolFailure(.usage, text) }

    /// The failure that any error is.
    init(_ error: any Error) {
        switch error {
        case let error as ToolFailure: self = error
        case let error as StoreError: self.init(Self.status(error), error.description)
        case let error as StorageError: self.init(Self.status(error), error.description)
        case let error as FormatError: self.init(Self.status(error), error.description)
        case let error as SegmentError:
            switch error {
            case .damaged(let error): self.init(error)
            case .storage(let error): self.init(error)
            case .invalidRows, .givenUp: self.init(.corruption, error.description)
            }
        case let error as LogError:
            switch error {
            case .format(let error): self.init(error)
            case .storage(let error): self.init(error)
            case .payloadTooLarge, .closed: self.init(.inputOutput, error.description)
            }
        case let error as ManifestError: self.init(Self.status(error), error.description)
        default: self.init(.inputOutput, "\(error)")
        }
    }

    private static func status(_ error: FormatError) -> ExitStatus {
        error.kind == .tooNew ? .tooNew : .corruption
    }

    private static func status(_ error: StorageError) -> ExitStatus {
        switch error.kind {
        case .locked: .inUse
        case .notFound, .exists: .usage
        default: .inputOutput
        }
    }

    private static func status(_ error: StoreError) -> ExitStatus {
        switch error.code {
        case .corruption: .corruption
        case .formatTooNew: .tooNew
        case .locked: .inUse
        case .inputOutput, .noSpace, .notPermitted, .failed: .inputOutput
        case .cancelled: .partial
        case .interruptedCreation: .oddity
        default: .usage
        }
    }

    private static func status(_ error: ManifestError) -> ExitStatus {
        switch error {
        case .notAStore, .alreadyAStore, .readOnly, .refused: .usage
        case .interruptedCreation: .oddity
        case .repairNeeded, .missingFile, .wrongLength, .foreignStore, .damaged: .corruption
        case .tooNew: .tooNew
        case .noSpace, .failed: .inputOutput
        case .storage(let error): status(error)
        }
    }
}
