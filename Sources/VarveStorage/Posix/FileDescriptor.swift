// The one owner of an open descriptor.

import Glibc
import Synchronization

/// A descriptor of the operating system, closed once: by ``close(_:)`` or when its owner goes.
struct FileDescriptor: ~Copyable, Sendable {
    /// The number; -1 once closed, so that a late call fails instead of meeting another file.
    private let number: Atomic<Int32>

    /// Opens `path`; the descriptor does not survive `exec`.
    init(opening path: FilePath, flags: Int32, permissions: mode_t = 0) throws(StorageError) {
        let opened = try unsafe pathCall("open", path) { text in
            unsafe Glibc.open(text, flags | O_CLOEXEC, permissions)
        }
        number = Atomic(opened)
    }

    deinit {
        let open = number.exchange(-1, ordering: .acquiringAndReleasing)
        if open >= 0 { _ = Glibc.close(open) }
    }

    /// The number to make calls with.
    var rawValue: Int32 { number.load(ordering: .relaxed) }

    /// Closes the descriptor; a second call does nothing.
    ///
    /// An interrupted close has closed on Linux.
    func close(_ path: FilePath) throws(StorageError) {
        let open = number.exchange(-1, ordering: .acquiringAndReleasing)
        guard open >= 0, Glibc.close(open) < 0 else { return }
        let failure = errno
        guard failure != EINTR else { return }
        throw StorageError(errorNumber: failure, call: "close", path: path)
    }

    /// What the kernel knows of the open file.
    func status(_ path: FilePath) throws(StorageError) -> stat {
        var found = stat()
        _ = try systemCall("fstat", path) { unsafe fstat(rawValue, &found) }
        return found
    }
}
