// Where the walk blocks of one graph stand.

/// The places of blocks that differ in length only by their groups and stand in the order of them:
/// a number is all it takes to find one.
public struct WalkBlockPlaces: Hashable, Sendable {
    /// Where the parts of a block lie.
    public let layout: WalkBlockLayout
    /// Blocks there are.
    public let blockCount: Int
    /// How many of them have at most 1, 2, … groups: one entry fewer than the most groups.
    public let groupEnds: [UInt32]

    /// The places of these blocks; nil where the ends are not as many as they should be, do not
    /// ascend or lie behind the last block.
    public init?(layout: WalkBlockLayout, blockCount: Int, groupEnds: [UInt32]) {
        guard groupEnds.count == layout.groupCount - 1, Int(groupEnds.last ?? 0) <= blockCount,
            zip(groupEnds, groupEnds.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        self.layout = layout
        self.blockCount = blockCount
        self.groupEnds = groupEnds
    }

    /// Groups of block `number`.
    public func groupCount(of number: BlockNumber) -> Int {
        1 + groupEnds.count { $0 <= number.rawValue }
    }

    /// Where block `number` begins; for the number behind the last, where all end.
    public func offset(of number: Int) -> Int {
        precondition((0...blockCount).contains(number))
        let further = groupEnds.reduce(0) { $0 + max(0, number - Int($1)) }
        return number * layout.byteCount(groupCount: 1) + further * layout.groupByteCount
    }

    /// The bytes of block `number`.
    public func range(of number: BlockNumber) -> Range<Int> {
        let start = offset(of: number.index)
        return start..<start + layout.byteCount(groupCount: groupCount(of: number))
    }

    /// Bytes of all blocks.
    public var byteCount: Int { offset(of: blockCount) }
}
