// The nearest rows of several walks together, by codes.

/// The distances of the nearest rows that walks over several segments have found, ascending, and
/// whose they are; rows found elsewhere count with them.
@safe final class NearestAcross {
    private var distances: UnsafeMutablePointer<Float>
    private var slots: UnsafeMutablePointer<UInt32>
    private var capacity = 64
    private var limit = 0
    /// Rows known, at most the limit.
    private(set) var count = 0
    /// The slot of rows that no walk has found.
    static let elsewhere = UInt32.max

    init() {
        unsafe distances = .allocate(capacity: capacity)
        unsafe slots = .allocate(capacity: capacity)
    }

    deinit {
        unsafe distances.deallocate()
        unsafe slots.deallocate()
    }

    /// The distance beyond which a row does not count.
    var bound: Float {
        if limit == 0 { return -.infinity }
        return count == limit ? unsafe distances[limit - 1] : .infinity
    }

    /// Forgets everything and keeps the nearest `limit` from now on.
    func reset(limit wanted: Int) {
        (limit, count) = (wanted, 0)
        guard wanted > capacity else { return }
        unsafe distances.deallocate()
        unsafe slots.deallocate()
        capacity = wanted
        unsafe distances = .allocate(capacity: wanted)
        unsafe slots = .allocate(capacity: wanted)
    }

    /// Enters a row; false if it is no nearer than the last where there is no room for more.
    @discardableResult
    func insert(_ distance: Float, slot: UInt32) -> Bool {
        var place = count
        if count == limit {
            guard count > 0, unsafe distances[count - 1] > distance else { return false }
            place -= 1
        } else {
            count += 1
        }
        while place > 0, unsafe distances[place - 1] > distance {
            unsafe distances[place] = distances[place - 1]
            unsafe slots[place] = slots[place - 1]
            place -= 1
        }
        unsafe distances[place] = distance
        unsafe slots[place] = slot
        return true
    }

    /// Rows of one walk among the nearest: its first ones.
    func count(of slot: UInt32) -> Int {
        var found = 0
        for place in 0..<count where unsafe slots[place] == slot { found += 1 }
        return found
    }

    /// The distance of rank `rank`; nil if fewer are known.
    func distance(rank: Int) -> Float? {
        rank >= 0 && rank < count ? unsafe distances[rank] : nil
    }
}
