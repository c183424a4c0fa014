// A segment of a bulk load that nobody sees yet, and the search for ids it shares with others.

import VarveFormat
import VarveQuery
import VarveSegment
import VarveStorage

/// A segment that a load has written, and the rows of it that later ones of the load replace.
struct LoadedSegment: Sendable {
    let record: SegmentRecord
    private let ids: SegmentIDs
    /// Rows that later rows of the load replace.
    var deleted = RowSet()

    /// Opens the segment of `record`, which has at least one row.
    init(
        _ record: SegmentRecord, fileSystem: any FileSystem, directory: FilePath
    ) throws(SegmentError) {
        self.record = record
        let path = directory.appending(FileNames.segment(record.id))
        ids = try SegmentIDs(
            SegmentReader(
                fileSystem: fileSystem, path: path, expecting: record, access: .mapped))
    }

    /// The rows of this segment whose ids any of `others` has.
    func rows(withIDsOf others: [LoadedSegment]) throws(SegmentError) -> RowSet {
        try ids.rows(withIDsOf: others.map(\.ids), except: deleted)
    }

    /// The live rows of an older segment whose ids any of `loaded` has.
    static func rows(
        of old: SegmentHandle, replacedBy loaded: [LoadedSegment]
    ) throws(SegmentError) -> RowSet {
        let reader = try old.reader
        guard reader.rowCount > 0 else { return RowSet() }
        return try SegmentIDs(reader).rows(
            withIDsOf: loaded.map(\.ids), except: old.deleted)
    }

    /// The ids of a segment.
    private struct SegmentIDs: Sendable {
        let reader: SegmentReader
        let lowest: RecordID
        let highest: RecordID

        init(_ reader: SegmentReader) throws(SegmentError) {
            self.reader = reader
            lowest = try reader.id(of: reader.sortedOrdinal(0))
            highest = try reader.id(of: reader.sortedOrdinal(reader.rowCount - 1))
        }

        func overlaps(_ other: SegmentIDs) -> Bool {
            !(other.highest < lowest) && !(highest < other.lowest)
        }

        /// The rows, but for those in `excluded`, whose ids any of `others` has.
        ///
        /// Every id of the smaller side is looked up in the other: about a microsecond each.
        func rows(
            withIDsOf others: [SegmentIDs], except excluded: RowSet
        ) throws(SegmentError) -> RowSet {
            var found = RowSet()
            for other in others where overlaps(other) {
                let isSmaller = reader.rowCount <= other.reader.rowCount
                let (asking, asked) = isSmaller ? (reader, other.reader) : (other.reader, reader)
                for index in 0..<asking.rowCount {
                    let row = RowOrdinal(UInt32(index))
                    guard let match = try asked.find(asking.id(of: row)) else { continue }
                    let mine = isSmaller ? row : match
                    if !excluded.contains(mine) { found.insert(mine) }
                }
            }
            return found
        }
    }
}
