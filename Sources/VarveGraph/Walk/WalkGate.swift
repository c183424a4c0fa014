// Which blocks of a graph may be believed.

internal import Synchronization
internal import VarveFormat

/// One bit for each row whose block has been admitted, and the one who admits.
@safe final class WalkGate: @unchecked Sendable {
    // Invariant for Sendable: the words are changed atomically only, and live as long as the gate.

    private let storage: UnsafeMutablePointer<Atomic<UInt64>>
    private let rowCount: Int
    private let admit: @Sendable (RowOrdinal) -> Bool

    /// No row is admitted yet.
    init(rowCount: Int, admit: @escaping @Sendable (RowOrdinal) -> Bool) {
        self.rowCount = rowCount
        self.admit = admit
        unsafe storage = .allocate(capacity: rowCount / 64 + 1)
        for word in 0...rowCount / 64 {
            unsafe (storage + word).initialize(to: Atomic(0))
        }
    }

    deinit { unsafe storage.deallocate() }

    /// The words as C reads them, atomically.
    var words: UnsafePointer<UInt64> {
        // Safety: an atomic word has the layout of its value.
        unsafe UnsafeRawPointer(storage).assumingMemoryBound(to: UInt64.self)
    }

    /// Asks about a row, and remembers a yes.
    private func isAdmitted(_ row: UInt32) -> Bool {
        guard Int(row) < rowCount, admit(RowOrdinal(row)) else { return false }
        unsafe storage[Int(row / 64)].bitwiseOr(1 << UInt64(row % 64), ordering: .releasing)
        return true
    }

    /// What C calls.
    static let callback: @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Bool = {
        context, row in
        guard let context = unsafe context else { return false }
        // Safety: the context is a gate that its graph keeps alive through the walk.
        return unsafe Unmanaged<WalkGate>.fromOpaque(context).takeUnretainedValue()
            .isAdmitted(row)
    }
}
