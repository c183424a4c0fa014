// The one owner of a bitmap of the C library.

internal import CRoaring

/// A bitmap of libroaring and its life.
///
/// Safety: the pointer is non-null and owned by this object alone from `init` to `deinit`.
/// The library's own copy-on-write mode is off in every bitmap made here, so its reading calls
/// write nothing and any number of threads may make them at once.
@safe final class RoaringStorage: @unchecked Sendable {
    // Invariant for Sendable: a changing call is made only by a RowSet that holds the one
    // reference.
    private let bitmap: UnsafeMutablePointer<roaring_bitmap_t>

    private init(owning bitmap: UnsafeMutablePointer<roaring_bitmap_t>?) {
        guard let bitmap = unsafe bitmap else { fatalError("out of memory") }
        unsafe self.bitmap = bitmap
    }

    convenience init() { unsafe self.init(owning: roaring_bitmap_create()) }

    /// Reads bytes in the portable form, which must have been verified before.
    ///
    /// The library of this age trusts counts and the order of values.
    convenience init(verified bytes: UnsafeRawBufferPointer) {
        unsafe self.init(
            owning: roaring_bitmap_portable_deserialize_safe(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count))
    }

    deinit { unsafe roaring_bitmap_free(bitmap) }

    func copy() -> RoaringStorage {
        unsafe RoaringStorage(owning: roaring_bitmap_copy(bitmap))
    }

    var count: Int { unsafe Int(roaring_bitmap_get_cardinality(bitmap)) }
    var isEmpty: Bool { unsafe roaring_bitmap_is_empty(bitmap) }
    var minimum: UInt32 { unsafe roaring_bitmap_minimum(bitmap) }
    var maximum: UInt32 { unsafe roaring_bitmap_maximum(bitmap) }

    func contains(_ value: UInt32) -> Bool { unsafe roaring_bitmap_contains(bitmap, value) }

    func add(_ value: UInt32) -> Bool { unsafe roaring_bitmap_add_checked(bitmap, value) }

    func add(_ values: UnsafeBufferPointer<UInt32>) {
        guard let base = values.baseAddress, !values.isEmpty else { return }
        unsafe roaring_bitmap_add_many(bitmap, values.count, base)
    }

    func addRange(_ first: UInt32, through last: UInt32) {
        unsafe roaring_bitmap_add_range_closed(bitmap, first, last)
    }

    func remove(_ value: UInt32) -> Bool { unsafe roaring_bitmap_remove_checked(bitmap, value) }

    func formUnion(_ other: RoaringStorage) {
        unsafe roaring_bitmap_or_inplace(bitmap, other.bitmap)
    }

    func union(_ other: RoaringStorage) -> RoaringStorage {
        unsafe RoaringStorage(owning: roaring_bitmap_or(bitmap, other.bitmap))
    }

    func subtracting(_ other: RoaringStorage) -> RoaringStorage {
        unsafe RoaringStorage(owning: roaring_bitmap_andnot(bitmap, other.bitmap))
    }

    func intersection(_ other: RoaringStorage) -> RoaringStorage {
        unsafe RoaringStorage(owning: roaring_bitmap_and(bitmap, other.bitmap))
    }

    func intersectionCount(_ other: RoaringStorage) -> Int {
        unsafe Int(roaring_bitmap_and_cardinality(bitmap, other.bitmap))
    }

    func intersects(_ other: RoaringStorage) -> Bool {
        unsafe roaring_bitmap_intersect(bitmap, other.bitmap)
    }

    func isEqual(_ other: RoaringStorage) -> Bool {
        unsafe roaring_bitmap_equals(bitmap, other.bitmap)
    }

    /// All values, ascending.
    var ordinals: [UInt32] {
        let count = count
        // An array of no room is the one that all empty arrays share, and its count would be
        // written: by many threads at once, which is harmless, but a race.
        guard count > 0 else { return [] }
        return unsafe [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            unsafe roaring_bitmap_to_uint32_array(bitmap, base)
            initialized = count
        }
    }
}
