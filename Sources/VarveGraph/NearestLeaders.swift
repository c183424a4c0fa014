// Which of some rows are nearest to others, many at a time.

/// For every one of `rows` the places among `leaders` of its `width` nearest, nearest first; of
/// equally near ones the first.
///
/// - Parameter run: Calls its second argument with every number below its first, on any threads.
func nearestLeaders(
    _ leaders: [UInt32], to rows: [UInt32], width: Int, in space: GraphSpace,
    run: (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void
) -> [UInt32] {
    guard !rows.isEmpty else { return [] }
    let packed = PackedLeaf(space: space)
    unsafe leaders.withUnsafeBufferPointer { unsafe packed.pack($0, namesPlaces: true) }
    let chunk = 256
    let chunkCount = (rows.count + chunk - 1) / chunk
    let parts = ParallelResults<[UInt32]>(count: chunkCount)
    run(chunkCount) { index in
        let range = index * chunk..<min(rows.count, (index + 1) * chunk)
        var best = [UInt64](repeating: 0, count: range.count * width)
        var counts = [UInt32](repeating: 0, count: range.count)
        unsafe rows[range].withUnsafeBufferPointer {
            unsafe packed.nearest(
                to: $0, skipsOwn: false, count: width, best: &best, counts: &counts)
        }
        parts.set(index, best.map { UInt32(truncatingIfNeeded: $0) >> 1 })
    }
    var places: [UInt32] = []
    places.reserveCapacity(rows.count * width)
    for part in parts.all { places.append(contentsOf: part) }
    return places
}
