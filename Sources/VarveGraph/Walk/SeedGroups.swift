// Near rows among those that walks may begin at, so that not all of them need to be measured.

import CKernels
import VarveKernels

/// The order in which seeds stand group by group, and a leader's vector for each group.
///
/// As many groups as each has seeds, about: looking through the leaders and then through a few
/// groups finds about the seed that looking through all of them finds.
@safe final class SeedGroups: @unchecked Sendable {
    // Invariant for Sendable: written in init only.

    /// The seeds, group by group, each group in their own order.
    let order: [Int]
    /// Groups.
    let count: Int
    /// Where each group begins in ``order``, and the end.
    let starts: UnsafeMutablePointer<UInt32>
    private let vectors: UnsafeMutableRawPointer
    private let layout: WalkBlockLayout

    /// Groups of `count` seeds; `vector` gives where header and codes of each lie.
    init(count seedCount: Int, layout: WalkBlockLayout, vector: (Int) -> UnsafeRawPointer) {
        self.layout = layout
        let byteCount = WalkBlockLayout.vectorOffset + layout.paddedCount
        var wanted = 1
        while (wanted + 1) * (wanted + 1) <= seedCount { wanted += 1 }
        count = seedCount == 0 ? 0 : wanted
        unsafe vectors = .allocate(byteCount: max(1, wanted) * byteCount, alignment: 64)
        unsafe starts = .allocate(capacity: wanted + 1)
        for group in 0..<count {
            unsafe (vectors + group * byteCount).copyMemory(
                from: vector(group * seedCount / count), byteCount: byteCount)
        }
        let table = unsafe ByteVectorTable(
            codes: vectors + WalkBlockLayout.vectorOffset, codeStride: byteCount, rows: vectors,
            rowStride: byteCount, dimension: layout.dimension)
        var groups = [Int](repeating: 0, count: seedCount)
        var distances = [Float](repeating: 0, count: wanted)
        for seed in 0..<seedCount {
            let place = unsafe vector(seed)
            let header = unsafe place.load(as: ByteRow.self)
            let codes = unsafe (place + WalkBlockLayout.vectorOffset)
                .assumingMemoryBound(to: UInt8.self)
            unsafe table.distances(
                from: header, codes: codes, toRowsFrom: 0, count: count, into: &distances)
            for group in 1..<max(1, count) where distances[group] < distances[groups[seed]] {
                groups[seed] = group
            }
        }
        var order: [Int] = []
        order.reserveCapacity(seedCount)
        for group in 0..<count {
            unsafe starts[group] = UInt32(order.count)
            for seed in 0..<seedCount where groups[seed] == group { order.append(seed) }
        }
        unsafe starts[count] = UInt32(order.count)
        self.order = order
    }

    deinit {
        unsafe vectors.deallocate()
        unsafe starts.deallocate()
    }

    /// The vectors of the leaders.
    var leaders: vk_byte_table {
        let byteCount = WalkBlockLayout.vectorOffset + layout.paddedCount
        let bytes = unsafe vectors.assumingMemoryBound(to: UInt8.self)
        return unsafe vk_byte_table(
            codes: bytes + WalkBlockLayout.vectorOffset, code_stride: byteCount, rows: bytes,
            row_stride: byteCount, dimension: UInt32(layout.dimension),
            padded_count: UInt32(layout.paddedCount))
    }
}
