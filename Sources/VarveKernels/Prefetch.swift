// Asking for memory before it is read.

internal import CKernels

/// Has the cache lines of `byteCount` bytes from `start` on fetched; a hint that never fails,
/// whatever the address.
@inline(__always)
public func prefetch(_ start: UnsafeRawPointer, byteCount: Int) {
    unsafe vk_prefetch_bytes(start, byteCount)
}
