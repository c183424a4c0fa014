// Which blocks of a graph may be believed.

internal import Synchronization
internal import VarveKernels

/// One bit for each block that has been admitted, and the one who admits.
@safe final class WalkGate: @unchecked Sendable {
    // Invariant for Sendable: the words are changed atomically only, and live as long as the gate.

    private let storage: UnsafeMutablePointer<Atomic<UInt64>>
    private let blockCount: Int
    private let admit: @Sendable (BlockNumber) -> Bool

    /// No block is admitted yet.
    init(blockCount: Int, admit: @escaping @Sendable (BlockNumber) -> Bool) {
        self.blockCount = blockCount
        self.admit = admit
        unsafe storage = .allocate(capacity: blockCount / 64 + 1)
        for word in 0...blockCount / 64 {
            unsafe (storage + word).initialize(to: Atomic(0))
        }
    }

    deinit { unsafe storage.deallocate() }

    /// The words as C reads them, atomically.
    var words: UnsafePointer<UInt64> {
        // Safety: an atomic word has the layout of its value.
        unsafe UnsafeRawPointer(storage).assumingMemoryBound(to: UInt64.self)
    }

    /// Asks about a block, and remembers a yes.
    private func isAdmitted(_ block: UInt32) -> Bool {
        guard Int(block) < blockCount, admit(BlockNumber(block)) else { return false }
        unsafe storage[Int(block / 64)].bitwiseOr(1 << UInt64(block % 64), ordering: .releasing)
        return true
    }

    /// What C calls.
    static let callback: @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Bool = {
        context, block in
        guard let context = unsafe context else { return false }
        // Safety: the context is a gate that its graph keeps alive through the walk.
        return unsafe Unmanaged<WalkGate>.fromOpaque(context).takeUnretainedValue()
            .isAdmitted(block)
    }
}
