// Queries a new segment is measured with, and their exact answers.

import VarveFormat
import VarveKernels

/// Makes canary queries and answers them exactly.
struct CanaryProbes: Sendable {
    let schema: Schema
    let rows: any SegmentRows
    let element: VectorElement
    let exact: ExactDistance

    init(schema: Schema, rows: any SegmentRows) {
        guard let element = VectorElement(rawValue: schema.elementType.rawValue) else {
            preconditionFailure("an element type without kernels")
        }
        self.schema = schema
        self.rows = rows
        self.element = element
        exact = ExactDistance(
            schema.metric == .euclidean ? .squaredL2 : .innerProduct, element: element,
            dimension: schema.dimension, tier: .scalar)
    }

    /// The point as far beyond row `a` as row `b` is before it; of length 1 under cosine, where it
    /// is row `a` if there is no such point.
    ///
    /// New vectors lie about as far from the stored ones as those lie from each other, and not
    /// between them: points between neighbours are found with half the width that real queries
    /// need.
    func beyond(_ a: Int, from b: Int) throws(SegmentError) -> [Float] {
        let (first, second) = (try floats(a), try floats(b))
        var point = zip(first, second).map { 2 * $0 - $1 }
        guard schema.metric == .cosine else { return point }
        let isNormalised = unsafe point.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe VectorConversion.normalise(start, count: schema.dimension)
        }
        return isNormalised ? point : first
    }

    /// The nearest of some rows, by the distances that searches give; nearest first, ties by
    /// ordinal.
    func nearest(
        to vector: [Float], among candidates: [RowOrdinal]
    ) throws(SegmentError) -> [RowHit] {
        var best: [(distance: Float, row: UInt32)] = []
        for candidate in candidates {
            let row = candidate.rawValue
            var distance: Float = 0
            unsafe try rows.withVector(RowOrdinal(row)) { bytes in
                unsafe vector.withUnsafeBufferPointer { query in
                    guard let query = query.baseAddress, let base = bytes.baseAddress else {
                        return
                    }
                    distance = unsafe exact(query, base)
                }
            }
            switch schema.metric {
            case .euclidean: break
            case .cosine: distance = 1 - distance
            case .innerProduct: distance = -distance
            }
            if distance.isNaN { distance = .infinity }
            let entry = (distance, row)
            if best.count == SegmentCanary.nearestCount, let last = best.last, entry >= last {
                continue
            }
            best.insert(entry, at: best.firstIndex { entry < $0 } ?? best.count)
            if best.count > SegmentCanary.nearestCount { best.removeLast() }
        }
        return best.map { RowHit(row: RowOrdinal($0.row), distance: $0.distance) }
    }

    /// A row as floats.
    func floats(_ row: Int) throws(SegmentError) -> [Float] {
        var floats = [Float](repeating: 0, count: schema.dimension)
        unsafe try rows.withVector(RowOrdinal(UInt32(row))) { bytes in
            unsafe floats.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress, let base = bytes.baseAddress else { return }
                unsafe VectorConversion.widen(
                    base, count: schema.dimension, from: element, into: start)
            }
        }
        return floats
    }
}

/// The rows whose codes are nearest to a point, as far as rows have been looked at.
final class CanaryCandidates: @unchecked Sendable {
    // Invariant for Sendable: one thread at a time looks at rows.

    private let query: ByteVector
    private let count: Int
    private var best: [(distance: Float, row: UInt32)] = []
    private var distances = [Float](repeating: 0, count: 1_024)

    /// The nearest `count` to `point`; none yet.
    init(near point: [Float], count: Int) {
        var query = ByteVector(dimension: point.count)
        unsafe point.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress { unsafe query.encode(base) }
        }
        self.query = query
        self.count = count
    }

    /// Looks at `rows`; ties go to the lower ordinal, if rows are looked at in their order.
    func look(at rows: Range<Int>, of table: ByteVectorTable) {
        let step = distances.count
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
            let taken = min(step, rows.upperBound - first)
            unsafe distances.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe table.distances(
                    from: query.row, codes: query.codes, toRowsFrom: UInt32(first), count: taken,
                    into: base)
            }
            let bound = best.count == count ? best.last?.distance ?? .infinity : .infinity
            for index in 0..<taken where distances[index] < bound {
                best.append((distances[index], UInt32(first + index)))
            }
            guard best.count > count else { continue }
            best.sort { $0 < $1 }
            best.removeLast(best.count - count)
        }
    }

    /// The rows, nearest first.
    var rows: [RowOrdinal] { best.sorted { $0 < $1 }.map { RowOrdinal($0.row) } }
}
