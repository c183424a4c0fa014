// An object made when it is first asked for.

import Synchronization

/// A reference that is set once and read by every search.
///
/// What the library's own lazy reference does, for one object type at a time: that one asks for
/// its type's metadata at every load, which a search over several segments does dozens of times.
/// All calls may be made from any thread.
package struct OnceReference<Instance: AnyObject & Sendable>: ~Copyable, Sendable {
    /// The address of the object, which was retained for it; 0 as long as there is none.
    private let address = Atomic<UInt>(0)

    /// No object yet.
    package init() {}

    deinit {
        // Safety: what is stored was retained when it was stored, and nobody reads it any more.
        unsafe object(at: address.load(ordering: .acquiring))?.release()
    }

    /// The object, if there is one.
    @inline(__always)
    package func load() -> Instance? {
        // Safety: an object that has been stored stays until this goes.
        unsafe object(at: address.load(ordering: .acquiring))?.takeUnretainedValue()
    }

    /// Stores `instance` unless there is an object already, and gives the one that is there then.
    package func storeIfNil(_ instance: Instance) -> Instance {
        let wanted = unsafe Unmanaged.passRetained(instance)
        let (isStored, found) = unsafe address.compareExchange(
            expected: 0, desired: UInt(bitPattern: wanted.toOpaque()),
            ordering: .acquiringAndReleasing)
        if isStored { return instance }
        // Safety: as in `load`; and this object was retained for nothing.
        unsafe wanted.release()
        guard let there = unsafe object(at: found) else { preconditionFailure("neither is stored") }
        return unsafe there.takeUnretainedValue()
    }

    @inline(__always)
    private func object(at address: UInt) -> Unmanaged<Instance>? {
        guard let kept = unsafe UnsafeRawPointer(bitPattern: address) else { return nil }
        return unsafe Unmanaged<Instance>.fromOpaque(kept)
    }
}
