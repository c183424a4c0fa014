// What went wrong between the engine and the disk.

/// A call to the operating system that failed.
public struct StorageError: Error, Hashable, Sendable {
    /// The kinds of failure that callers tell apart.
    public enum Kind: String, Hashable, Sendable {
        /// Nothing stands at the path.
        case notFound
        /// The name is taken.
        case exists
        /// The lock is held by another opener.
        case locked
        /// The disk or the quota is full.
        case noSpace
        /// This process may not do that here, or the file system is read-only.
        case notPermitted
        /// Too many open files, or not enough memory in the kernel.
        case noResources
        /// Fewer bytes than the caller needs: the file ends early.
        case endOfFile
        /// The file is longer than the caller allows.
        case tooLarge
        /// The device failed, or anything else.
        case inputOutput
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// The call, by its C name: `fdatasync`.
    public var call: String
    /// The path the call was about.
    public var path: FilePath
    /// The error number of the operating system; zero where there is none.
    public var errorNumber: Int32

    /// An error of these parts.
    public init(_ kind: Kind, call: String, path: FilePath, errorNumber: Int32 = 0) {
        self.kind = kind
        self.call = call
        self.path = path
        self.errorNumber = errorNumber
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        "\(call) of \(path) failed: \(kind.rawValue)"
            + (errorNumber == 0 ? "" : " (errno \(errorNumber))")
    }
}
