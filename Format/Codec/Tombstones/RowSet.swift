// A set of rows of one segment: the value everything that masks or selects rows speaks.

internal import CRoaring

/// A set of row ordinals, compressed; a value that is copied when a shared one is changed.
///
/// Reading one value from many threads at once is safe; changing it needs exclusive access, as with
/// any value. Membership costs a binary search over at most 65,536 containers and one inside.
public struct RowSet: Sendable {
    private var storage: RoaringStorage

    /// The empty set.
    public init() { storage = RoaringStorage() }

    private init(_ storage: RoaringStorage) { self.storage = storage }

    /// The rows from `range.lowerBound` up to, not including, `range.upperBound`.
    public init(_ range: Range<RowOrdinal>) {
        self.init()
        insert(range)
    }

    /// The rows of a sequence, in any order; the same row may come again.
    public init(_ rows: some Sequence<RowOrdinal>) {
        self.init()
        for row in rows { insert(row) }
    }

    /// The rows whose ordinals are `ordinals`, in any order; the same row may come again.
    public init(ordinals: [UInt32]) {
        self.init()
        unsafe ordinals.withUnsafeBufferPointer { unsafe storage.add($0) }
    }

    /// The rows whose bits are set: row r is bit r % 64 of word r / 64.
    public init(bitWords: [UInt64]) {
        self.init()
        var chunk: [UInt32] = []
        for (index, word) in bitWords.enumerated() where word != 0 {
            var rest = word
            while rest != 0 {
                chunk.append(UInt32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
            guard chunk.count >= 4_096 else { continue }
            unsafe chunk.withUnsafeBufferPointer { unsafe storage.add($0) }
            chunk.removeAll(keepingCapacity: true)
        }
        unsafe chunk.withUnsafeBufferPointer { unsafe storage.add($0) }
    }

    /// A set over bytes in the portable form that ``PortableRoaring`` has accepted.
    init(verified bytes: UnsafeRawBufferPointer) {
        unsafe storage = RoaringStorage(verified: bytes)
    }

    /// Rows in the set, counted in a pass over its containers.
    public var count: Int { storage.count }

    /// Whether no row is in the set.
    public var isEmpty: Bool { storage.isEmpty }

    /// The lowest row in the set.
    public var first: RowOrdinal? { isEmpty ? nil : RowOrdinal(storage.minimum) }

    /// The highest row in the set.
    public var last: RowOrdinal? { isEmpty ? nil : RowOrdinal(storage.maximum) }

    /// Whether `row` is in the set.
    public func contains(_ row: RowOrdinal) -> Bool { storage.contains(row.rawValue) }

    /// Puts `row` in; says whether it was not there before.
    @discardableResult
    public mutating func insert(_ row: RowOrdinal) -> Bool {
        makeUnique()
        return storage.add(row.rawValue)
    }

    /// Puts all rows of `range` in.
    public mutating func insert(_ range: Range<RowOrdinal>) {
        guard !range.isEmpty else { return }
        makeUnique()
        storage.addRange(range.lowerBound.rawValue, through: range.upperBound.rawValue - 1)
    }

    /// Takes `row` out; says whether it was there.
    @discardableResult
    public mutating func remove(_ row: RowOrdinal) -> Bool {
        makeUnique()
        return storage.remove(row.rawValue)
    }

    /// Puts in all rows of `other`.
    public mutating func formUnion(_ other: RowSet) {
        // The library forbids one bitmap to be both operands.
        guard storage !== other.storage else { return }
        makeUnique()
        storage.formUnion(other.storage)
    }

    /// Takes out all rows of `other`.
    public mutating func subtract(_ other: RowSet) { self = subtracting(other) }

    /// Takes out all rows that are not in `other`.
    public mutating func formIntersection(_ other: RowSet) { self = intersection(other) }

    /// The rows in either set.
    public func union(_ other: RowSet) -> RowSet { RowSet(storage.union(other.storage)) }

    /// The rows in this set that are not in `other` (and-not).
    public func subtracting(_ other: RowSet) -> RowSet {
        RowSet(storage.subtracting(other.storage))
    }

    /// The rows in both sets.
    public func intersection(_ other: RowSet) -> RowSet {
        RowSet(storage.intersection(other.storage))
    }

    /// How many rows are in both sets, without making the set of them.
    public func intersectionCount(_ other: RowSet) -> Int {
        storage.intersectionCount(other.storage)
    }

    /// Whether any row is in both sets.
    public func intersects(_ other: RowSet) -> Bool { storage.intersects(other.storage) }

    /// Calls `body` with every row in ascending order.
    public func forEach<Failure: Error>(
        _ body: (RowOrdinal) throws(Failure) -> Void
    ) throws(Failure) {
        for ordinal in ordinals { try body(RowOrdinal(ordinal)) }
    }

    /// All rows in ascending order, four bytes each.
    public var ordinals: [UInt32] { storage.ordinals }

    /// The set as bits for loops that test many rows: row r is bit r % 64 of word r / 64.
    ///
    /// - Parameter rowCount: Rows the words have room for; rows at or above it are left out.
    public func bitWords(rowCount: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (rowCount + 63) / 64)
        for ordinal in ordinals {
            let index = Int(ordinal)
            guard index < rowCount else { break }
            words[index / 64] |= 1 << UInt64(index % 64)
        }
        return words
    }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    }

    static func areEqual(_ a: RowSet, _ b: RowSet) -> Bool {
        a.storage === b.storage || a.storage.isEqual(b.storage)
    }
}

extension RowSet: Equatable {
    public static func == (a: RowSet, b: RowSet) -> Bool { areEqual(a, b) }
}

extension RowSet: ExpressibleByArrayLiteral {
    public init(arrayLiteral rows: RowOrdinal...) { self.init(rows) }
}
