// A value that parallel steps share.

internal import VarveStorage

/// A value behind a lock of the operating system, which the thread sanitizer knows; taken a few
/// times for every chunk of rows, never for a row.
final class Guarded<Value: Sendable>: @unchecked Sendable {
    // Invariant for Sendable: the value is touched with the lock held only.

    private let lock = ThreadLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock { body(&value) }
    }
}
