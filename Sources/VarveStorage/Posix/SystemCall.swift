// How a call to the operating system is made: interrupted calls again, failures as typed errors.

import Glibc

/// The numbers of the failures that the engine and its tests tell apart, as Linux has them.
package enum ErrorNumber {
    package static let notPermitted = EPERM
    package static let notFound = ENOENT
    package static let interrupted = EINTR
    package static let inputOutput = EIO
    package static let badDescriptor = EBADF
    package static let tryAgain = EAGAIN
    package static let outOfMemory = ENOMEM
    package static let accessDenied = EACCES
    package static let exists = EEXIST
    package static let notDirectory = ENOTDIR
    package static let isDirectory = EISDIR
    package static let invalidArgument = EINVAL
    package static let processFileLimit = EMFILE
    package static let systemFileLimit = ENFILE
    package static let noSpace = ENOSPC
    package static let quota = EDQUOT
    package static let readOnly = EROFS
    package static let notEmpty = ENOTEMPTY
    package static let stale = ESTALE
    package static let cancelled = ECANCELED
}

extension StorageError {
    /// The error that stands for `errorNumber`.
    package init(errorNumber: Int32, call: String, path: FilePath) {
        let kind: Kind =
            switch errorNumber {
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .notPermitted
            case EMFILE, ENFILE, ENOMEM: .noResources
            default: .inputOutput
            }
        self.init(kind, call: call, path: path, errorNumber: errorNumber)
    }
}

/// Makes `body` again for as long as it is interrupted.
///
/// - Returns: What the call answered, zero or more.
/// - Throws: The error in `errno` if the call answered less than zero.
func systemCall<Answer: SignedInteger>(
    _ call: StaticString, _ path: FilePath, _ body: () -> Answer
) throws(StorageError) -> Answer {
    while true {
        let answer = body()
        if answer >= 0 { return answer }
        let number = errno
        if number != EINTR {
            throw StorageError(errorNumber: number, call: call.description, path: path)
        }
    }
}

/// Makes a call that takes a path, as ``systemCall(_:_:_:)`` does.
///
/// A path with a NUL inside would name another file once it is a C string, so it is refused.
func pathCall<Answer: SignedInteger>(
    _ call: StaticString, _ path: FilePath, _ body: (UnsafePointer<CChar>) -> Answer
) throws(StorageError) -> Answer {
    guard !path.text.utf8.contains(0) else {
        throw StorageError(errorNumber: EINVAL, call: call.description, path: path)
    }
    return try systemCall(call, path) { unsafe path.text.withCString(body) }
}
