// The rows of a view in the order of their ids.

public import VarveFormat
import VarveMemtable
public import VarveSegment

/// A walk over the live rows of a view, in the order of their ids.
///
/// A merge of all sources, each in its own id order: memtables are sorted once, segments have their
/// order on disk. Of several rows of one id at most one is live.
public struct RowCursor {
    private let view: View
    private var sources: [Source]

    private struct Source {
        var place: Int
        var isSegment: Bool
        /// The memtable's rows in id order; empty for a segment.
        var rows: [RowOrdinal]
        var marks: SourceMarks
        var expiry: ExpiryTest
        var position = 0
        var head: (id: RecordID, row: RowOrdinal)?
    }

    /// A cursor before the first row of `view`.
    ///
    /// - Throws: ``SegmentError`` if a segment is damaged or cannot be read.
    public init(_ view: View) throws(SegmentError) {
        self.view = view
        sources = []
        for (index, memtable) in view.memtables.enumerated() {
            sources.append(
                Source(
                    place: index, isSegment: false, rows: memtable.rowsInIDOrder(),
                    marks: view.marks(on: memtable.memtable.sourceID, newerCount: index),
                    expiry: ExpiryTest(table: nil, moment: 0)))
        }
        for (index, segment) in view.state.segments.enumerated() {
            sources.append(
                Source(
                    place: index, isSegment: true, rows: [],
                    marks: view.marks(on: segment.id, newerCount: view.memtableCount),
                    expiry: try view.expiryTest(of: segment)))
        }
        for index in sources.indices { try advance(index) }
    }

    /// The next row; nil behind the last.
    public mutating func next() throws(SegmentError) -> (id: RecordID, place: RowPlace)? {
        var best: Int?
        for index in sources.indices {
            guard let head = sources[index].head else { continue }
            if let known = best, let other = sources[known].head, other.id < head.id { continue }
            best = index
        }
        guard let best, let head = sources[best].head else { return nil }
        let source = sources[best]
        try advance(best)
        let place: RowPlace =
            source.isSegment
            ? .segment(source.place, head.row) : .memtable(source.place, head.row)
        return (head.id, place)
    }

    /// Moves a source to its next live row.
    private mutating func advance(_ index: Int) throws(SegmentError) {
        sources[index].head = nil
        let place = sources[index].place
        while sources[index].head == nil {
            let position = sources[index].position
            let row: RowOrdinal
            if sources[index].isSegment {
                let segment = view.state.segments[place]
                guard position < segment.record.rowCount else { return }
                row = try segment.reader.sortedOrdinal(position)
                sources[index].position += 1
                guard !segment.deleted.contains(row), !sources[index].marks.contains(row),
                    !sources[index].expiry.isExpired(row)
                else { continue }
                sources[index].head = (try segment.reader.id(of: row), row)
            } else {
                guard position < sources[index].rows.count else { return }
                row = sources[index].rows[position]
                sources[index].position += 1
                guard !sources[index].marks.contains(row),
                    !view.isExpired(row, in: view.memtable(place))
                else { continue }
                sources[index].head = (view.memtable(place).id(row), row)
            }
        }
    }
}
