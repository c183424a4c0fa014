// What can go wrong with a log.

public import VarveFormat
public import VarveStorage

/// A log that could not be written or read.
public enum LogError: Error, Hashable, Sendable {
    /// The disk failed.
    case storage(StorageError)
    /// The bytes are not a log's, or are damaged where they had been durable.
    case format(FormatError)
    /// A payload has more bytes than a record may have.
    case payloadTooLarge(byteCount: Int)
    /// The log has been sealed or closed and takes no more.
    case closed
}

extension LogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .storage(let error): error.description
        case .format(let error): error.description
        case .payloadTooLarge(let byteCount): "a log record of \(byteCount) bytes is too large"
        case .closed: "the log is closed"
        }
    }
}
