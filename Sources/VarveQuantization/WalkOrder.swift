// In which order the walk blocks of a graph stand.

public import VarveKernels

/// The order of walk blocks: fewest groups first, and among equals the lower row.
public struct WalkOrder: Sendable {
    /// The row each block belongs to.
    public let rows: [UInt32]
    /// The block of each row.
    public let numbers: [UInt32]
    /// Where the blocks stand.
    public let places: WalkBlockPlaces

    /// The order of `rowCount` rows of these degrees, at most `layout.maxDegree` each.
    public init(degrees: UnsafePointer<UInt16>, rowCount: Int, layout: WalkBlockLayout) {
        var counts = [UInt32](repeating: 0, count: layout.groupCount + 1)
        for row in 0..<rowCount {
            let degree = Int(unsafe degrees[row])
            precondition(degree <= layout.maxDegree)
            counts[layout.groupCount(degree: degree)] += 1
        }
        // Now where the blocks of each count of groups begin, one count later where they end.
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        let ends = Array(counts[1..<layout.groupCount])
        guard
            let places = WalkBlockPlaces(
                layout: layout, blockCount: rowCount, groupEnds: ends)
        else { preconditionFailure("ends ascend") }
        self.places = places
        var rows = [UInt32](repeating: 0, count: rowCount)
        var numbers = [UInt32](repeating: 0, count: rowCount)
        for row in 0..<rowCount {
            let group = layout.groupCount(degree: Int(unsafe degrees[row])) - 1
            let number = counts[group]
            counts[group] += 1
            rows[Int(number)] = UInt32(row)
            numbers[row] = number
        }
        self.rows = rows
        self.numbers = numbers
    }

    /// The block of `row`.
    public func number(ofRow row: Int) -> BlockNumber { BlockNumber(numbers[row]) }
}
