// The codes of a segment's rows, checked window by window.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// Bytes of codes that are looked at together.
    private static var codeWindowByteCount: Int { 1 << 20 }

    /// Codebook, lists and codes are what the section lengths and the rows call for, and every row
    /// names the list it lies in.
    ///
    /// Keeps the lists and 1 MiB of codes in memory, however many rows there are.
    func verifyRowCodes() throws(SegmentError) {
        guard let codesPlace = places.codes, let listsPlace = places.lists,
            places.codebook != nil
        else { return }
        let codebook = try ResidentPages.codebook(of: self)
        let shape = codebook.rotation.shape
        let groupByteCount = RowCodes.groupByteCount(shape: shape)
        let groupCount = RowCodes.groupCount(rowCount: rowCount)
        try ResidentPages.checkLength(groupCount * groupByteCount, codesPlace, of: container)
        let lists = try RowLists(reading: listsPlace, of: container, description)
        let step = max(1, Self.codeWindowByteCount / groupByteCount)
        let starts = lists.startArray
        var list = 0
        for first in stride(from: 0, to: groupCount, by: step) {
            let groups = first..<min(first + step, groupCount)
            let rows =
                groups.lowerBound
                * RowCodes.groupRowCount..<min(rowCount, groups.upperBound * RowCodes.groupRowCount)
            let bytes = try container.copyBytes(
                codesPlace,
                groups.lowerBound * groupByteCount..<groups.upperBound * groupByteCount)
            var wrong: (row: Int, found: UInt32)?
            unsafe bytes.withUnsafeBytes { window in
                guard let base = window.baseAddress else { return }
                // Safety: the window has every group of these rows.
                let codes = unsafe RowCodes(
                    base: base, rowCount: rows.count, shape: shape, unit: codebook.unit)
                for row in rows {
                    while row >= Int(starts[list + 1]) { list += 1 }
                    let found = codes.list(of: row - rows.lowerBound)
                    if found != UInt32(list) {
                        wrong = (row, found)
                        return
                    }
                }
            }
            if let wrong {
                throw container.error(
                    .invalidValue, section: codesPlace,
                    at: wrong.row / RowCodes.groupRowCount * groupByteCount,
                    "row \(wrong.row) names list \(wrong.found) and lies in list \(list)")
            }
        }
    }
}
