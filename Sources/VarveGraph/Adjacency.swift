// A finished graph: who is whose neighbour.

internal import CKernels
public import VarveFormat
public import VarveStorage

/// The neighbour lists of a finished graph; a value, shared without copying.
///
/// Every row is reachable from the entry points. A list holds no row twice and not its own row.
@safe public struct Adjacency: Sendable {
    let storage: AdjacencyStorage
    /// Where searches start; empty only for a graph without rows.
    public let entryPoints: [RowOrdinal]

    init(storage: AdjacencyStorage, entryPoints: [RowOrdinal]) {
        self.storage = storage
        self.entryPoints = entryPoints
    }

    /// How many rows there are.
    public var rowCount: Int { storage.rowCount }

    /// The longest a list may be.
    public var maxDegree: Int { storage.maxDegree }

    /// How many neighbours a row has.
    public func degree(of row: RowOrdinal) -> Int {
        precondition(row.index < rowCount)
        return Int(unsafe storage.degrees[row.index])
    }

    /// The neighbours of a row as bare ordinals, nearest first except for a few added later.
    @_lifetime(borrow self)
    public func neighbours(of row: RowOrdinal) -> Span<UInt32> {
        let count = degree(of: row)
        // Safety: the storage lives as long as self and is not written any more.
        let span = unsafe Span(_unsafeStart: storage.list(row.index), count: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// All lists: row *r* has `degreeTable[r]` neighbours at `neighbourTable + r * maxDegree`.
    ///
    /// Valid while a copy of this value lives.
    public var neighbourTable: UnsafePointer<UInt32> {
        unsafe UnsafePointer(storage.neighbours)
    }

    /// The lengths of all lists; valid while a copy of this value lives.
    public var degreeTable: UnsafePointer<UInt16> { unsafe UnsafePointer(storage.degrees) }

    /// The same graph with its rows in another order: new row *i* is old row `order[i]`.
    ///
    /// `order` names every row once, or leaves out rows that are in no list and are no entry point.
    ///
    /// - Parameter memory: Where the new lists lie.
    public func reordered(
        by order: [RowOrdinal], memory: WorkingMemory = .process
    ) -> Adjacency {
        var place = [UInt32](repeating: .max, count: rowCount)
        for (new, old) in order.enumerated() {
            precondition(place[old.index] == .max, "a row is named once")
            place[old.index] = UInt32(new)
        }
        let result = AdjacencyStorage(
            rowCount: order.count, maxDegree: maxDegree, memory: memory)
        memory.inStretches(of: 0..<order.count) { range in
            for new in range {
                let list = neighbours(of: order[new])
                let target = unsafe result.list(new)
                for index in list.indices {
                    let neighbour = place[Int(list[index])]
                    precondition(neighbour != .max, "a neighbour was left out")
                    unsafe target[index] = neighbour
                }
                unsafe result.degrees[new] = UInt16(list.count)
            }
        }
        let entries = entryPoints.map { RowOrdinal(place[$0.index]) }
        precondition(entries.allSatisfy { $0.index < order.count }, "an entry was left out")
        return Adjacency(storage: result, entryPoints: entries)
    }
}

/// The memory of neighbour lists; written while a graph is made, then only read.
@safe final class AdjacencyStorage: @unchecked Sendable {
    // Invariant for Sendable: writers touch disjoint rows, and no one writes once an Adjacency
    // holds it.

    let rowCount: Int
    let maxDegree: Int
    let neighbours: UnsafeMutablePointer<UInt32>
    let degrees: UnsafeMutablePointer<UInt16>
    private let region: MemoryRegion

    /// Empty lists for `rowCount` rows.
    init(rowCount: Int, maxDegree: Int, memory: WorkingMemory = .process) {
        precondition(rowCount >= 0 && rowCount < 1 << 31 && (1...65_535).contains(maxDegree))
        self.rowCount = rowCount
        self.maxDegree = maxDegree
        let listByteCount = rowCount * maxDegree * 4
        region = memory.region(byteCount: max(1, listByteCount + rowCount * 2))
        // Safety: the region is zeros, aligned to a page, and lives as long as this object.
        unsafe neighbours = unsafe region.baseAddress.bindMemory(
            to: UInt32.self, capacity: rowCount * maxDegree)
        unsafe degrees = unsafe (region.baseAddress + listByteCount).bindMemory(
            to: UInt16.self, capacity: rowCount)
    }

    func list(_ row: Int) -> UnsafeMutablePointer<UInt32> {
        unsafe neighbours + row * maxDegree
    }

    func degree(_ row: Int) -> Int { Int(unsafe degrees[row]) }

    var graph: vg_graph {
        unsafe vg_graph(
            neighbours: neighbours, degrees: degrees, stride: maxDegree,
            row_limit: UInt32(rowCount))
    }
}
