// io_uring with an owner.

import CRing

/// A ring of the kernel for reads in flight.
///
/// May pass from thread to thread, but is used by one at a time. It knows descriptors and buffers
/// only; what a short read means is for ``BatchReader`` to say.
@safe struct RingReader: ~Copyable, @unchecked Sendable {
    // Invariant for Sendable: not copyable, so used by its one owner.

    private let ring: OpaquePointer
    /// How many reads are with the kernel.
    private(set) var pendingCount = 0

    /// Makes a ring for `depth` reads in flight; nil where there is none to have (an old kernel, a
    /// sandbox, a limit).
    ///
    /// - Parameter registered: A descriptor that most reads will be of.
    init?(depth: Int, registered: Int32 = -1) {
        var made: OpaquePointer?
        guard unsafe cring_create(UInt32(depth), registered, &made) == 0, let made = unsafe made
        else { return nil }
        unsafe ring = made
    }

    deinit {
        // The kernel may still be writing into buffers: their owner must not free them before.
        var left = pendingCount
        var sink = cring_completion()
        while left > 0, unsafe cring_reap(ring, 1, &sink, 1, 0) > 0 { left -= 1 }
        unsafe cring_destroy(ring)
    }

    /// Hands reads to the kernel.
    ///
    /// - Returns: How many it took, the first ones; zero if it refused.
    mutating func submit(_ reads: UnsafeBufferPointer<cring_read>) -> Int {
        let taken = unsafe Int(cring_submit(ring, reads.baseAddress, UInt32(reads.count)))
        pendingCount += max(0, taken)
        return max(0, taken)
    }

    /// Waits for at least `minimum` completions.
    ///
    /// - Returns: How many are in `completions`; less than zero is a negated error number.
    mutating func reap(
        _ minimum: Int, into completions: UnsafeMutableBufferPointer<cring_completion>,
        spinNanoseconds: UInt64
    ) -> Int {
        let count = unsafe Int(
            cring_reap(
                ring, UInt32(minimum), completions.baseAddress, UInt32(completions.count),
                spinNanoseconds))
        pendingCount -= max(0, count)
        return count
    }
}
