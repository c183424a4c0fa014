// The rows whose exact distances are computed together.

import VarveFormat

/// Rows, where their vectors lie, and room for their distances; grows and never shrinks.
@safe final class RerankRoom {
    /// The rows, in the order they were appended.
    private(set) var rows: UnsafeMutablePointer<UInt32>
    /// Where the vector of each lies.
    private(set) var vectors: UnsafeMutablePointer<UnsafeRawPointer>
    /// Room for as many distances.
    private(set) var distances: UnsafeMutablePointer<Float>
    /// Rows appended since the beginning.
    private(set) var count = 0
    private var capacity = 64

    init() {
        unsafe rows = .allocate(capacity: capacity)
        unsafe vectors = .allocate(capacity: capacity)
        unsafe distances = .allocate(capacity: capacity)
    }

    deinit {
        unsafe rows.deallocate()
        unsafe vectors.deallocate()
        unsafe distances.deallocate()
    }

    /// Forgets all rows and makes room for `wanted`.
    func begin(capacity wanted: Int) {
        count = 0
        guard wanted > capacity else { return }
        unsafe rows.deallocate()
        unsafe vectors.deallocate()
        unsafe distances.deallocate()
        capacity = wanted
        unsafe rows = .allocate(capacity: wanted)
        unsafe vectors = .allocate(capacity: wanted)
        unsafe distances = .allocate(capacity: wanted)
    }

    /// Takes a row whose vector lies at `vector` until its distance has been computed.
    func append(_ row: RowOrdinal, _ vector: UnsafeRawPointer) {
        precondition(count < capacity)
        unsafe (rows + count).initialize(to: row.rawValue)
        unsafe (vectors + count).initialize(to: vector)
        unsafe (distances + count).initialize(to: .infinity)
        count += 1
    }
}
