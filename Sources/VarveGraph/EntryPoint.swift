// Where searches start.

internal import CKernels
internal import VarveKernels

/// The row nearest to the mean among an even sample of at most `sampleLimit` of the first
/// `rowCount` rows.
func nearestToMean(_ space: GraphSpace, rowCount: Int, sampleLimit: Int) -> UInt32 {
    let step = max(1, rowCount / sampleLimit)
    let rows = stride(from: 0, to: rowCount, by: step).map { UInt32($0) }
    return nearestToMean(space, rows: rows)
}

/// The live row nearest to the mean among an even sample of live rows; nil if none is live.
func entryRow(_ space: GraphSpace, rowCount: Int, isLive: (Int) -> Bool) -> UInt32? {
    // At most 20,000 rows and 2^24 components.
    let limit = max(256, min(20_000, (1 << 24) / space.table.dimension))
    let step = max(1, rowCount / limit)
    var rows = stride(from: 0, to: rowCount, by: step).filter(isLive).map { UInt32($0) }
    if rows.isEmpty { rows = (0..<rowCount).filter(isLive).map { UInt32($0) } }
    return rows.isEmpty ? nil : nearestToMean(space, rows: rows)
}

private func nearestToMean(_ space: GraphSpace, rows: [UInt32]) -> UInt32 {
    var mean = [Double](repeating: 0, count: space.table.dimension + 1)
    unsafe vg_mean(space.pointer, rows, UInt32(rows.count), &mean)
    return unsafe vg_nearest_to_mean(space.pointer, rows, UInt32(rows.count), mean)
}
