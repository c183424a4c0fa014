// Reading one source of a merge from end to end.

internal import VarveFilter
internal import VarveFormat
internal import VarveGraph
internal import VarveSegment
internal import VarveStorage

/// The rows of one source on their way into a spool, a window at a time.
///
/// The open file is mapped once more: it is read in order, every block compared with its
/// checksum, and pages that have been read are given back after each window. Searches keep the
/// pages they have.
final class MergeGathering {
    private let reader: SegmentReader
    private let input: MergeInput
    private let number: Int
    private var row = 0
    private var block: AttributeRowBlock?
    private var neighbours: [UInt32] = []

    private static let windowByteCount = 8 << 20

    init(_ input: MergeInput, number: Int) throws(SegmentError) {
        self.input = input
        self.number = number
        reader = try input.reader.reread(expecting: input.record)
    }

    /// The most bytes that attribute records of the inputs take.
    static func attributeByteCount(of inputs: [MergeInput]) throws(SegmentError) -> Int {
        var byteCount = 0
        for input in inputs { byteCount += try input.reader.attributes().recordByteCount }
        return byteCount
    }

    /// Whether all rows have been read.
    var isFinished: Bool { row == input.record.rowCount }

    /// Copies some rows; gives the bytes read.
    func copyWindow(
        _ ordinals: MergedOrdinals, into spool: MergeSpool, _ lists: MergeLists
    ) throws(SegmentError) -> Int {
        let rowByteCount = max(1, reader.nodeLayout.recordByteCount)
        let end = min(input.record.rowCount, row + max(1, Self.windowByteCount / rowByteCount))
        let first = row
        let attributes = try reader.attributes()
        while row < end {
            let ordinal = RowOrdinal(UInt32(row))
            row += 1
            guard let place = ordinals.place(of: ordinal, input: number) else { continue }
            if block?.rows.contains(ordinal.rawValue) != true {
                block = try attributes.block(of: ordinal)
            }
            let id = try reader.id(of: ordinal)
            let record = block?.record(of: ordinal) ?? []
            var failure: StorageError?
            unsafe try reader.withVector(ordinal) { (vector) throws(SegmentError) in
                unsafe record.withUnsafeBytes { record in
                    do throws(StorageError) {
                        unsafe try spool.append(id, vector: vector, attributes: record)
                    } catch {
                        failure = error
                    }
                }
            }
            if let failure { throw .storage(failure) }
            try copyList(ordinal, place, ordinals, lists)
        }
        reader.forgetPages()
        return (row - first) * rowByteCount
    }

    private func copyList(
        _ ordinal: RowOrdinal, _ place: RowOrdinal, _ ordinals: MergedOrdinals,
        _ lists: MergeLists
    ) throws(SegmentError) {
        neighbours.removeAll(keepingCapacity: true)
        for neighbour in try reader.neighbors(of: ordinal) {
            if let kept = ordinals.place(of: neighbour, input: number) {
                neighbours.append(kept.rawValue)
            }
        }
        unsafe neighbours.withUnsafeBufferPointer { unsafe lists.set(place.index, to: $0) }
    }

    /// The entry points that are kept, by their places in the output.
    func entries(_ ordinals: MergedOrdinals) -> [RowOrdinal] {
        reader.entryPoints.ordinals.compactMap { ordinals.place(of: $0, input: number) }
    }
}
