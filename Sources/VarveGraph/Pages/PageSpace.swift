// What a walk over node pages knows without reading one.

package import CKernels
public import VarveFormat
public import VarveKernels

/// The codes, lists and record geometry of a segment, as walks over its pages see them.
///
/// Safe to use from any number of threads, each with a walk of its own. It owns nothing but the
/// groups of lists it makes.
@safe public final class PageSpace: @unchecked Sendable {
    // Invariant for Sendable: nothing changes after init; what it views outlives it by contract.

    package let view: UnsafeMutablePointer<vk_page_space>
    private let groups: ListGroups
    /// The geometry of the records.
    public let layout: NodeLayout

    /// A space over `codes` and the centres of lists that begin at `listStarts`, an array of
    /// `listCount + 1` ordinals that ends with the number of rows; all outlive it.
    public init(
        codes: RowCodes, centres: ByteVectorTable, listStarts: UnsafePointer<UInt32>,
        listCount: Int, layout: NodeLayout
    ) {
        precondition(listCount > 0)
        self.layout = layout
        groups = ListGroups(centres: centres, listCount: listCount)
        guard let kernels = unsafe vk_row_kernels_for(centres.kernels.pointee.tier) else {
            preconditionFailure("a tier with kernels for vectors has kernels for codes")
        }
        unsafe view = .allocate(capacity: 1)
        unsafe view.initialize(
            to: vk_page_space(
                kernels: centres.kernels, rows: kernels, codes: codes.view,
                centres: centres.view, list_starts: listStarts, list_count: UInt32(listCount),
                heads: groups.heads, head_count: UInt32(groups.headCount),
                members: groups.members, member_starts: groups.memberStarts,
                rows_per_page: UInt32(layout.recordsPerPage),
                record_bytes: UInt32(layout.recordByteCount),
                degree_offset: UInt32(layout.degreeOffset),
                neighbor_bytes: UInt32(layout.neighborByteCount),
                maximum_degree: UInt32(layout.maximumDegree)))
    }

    deinit { unsafe view.deallocate() }

    /// Bytes of memory it takes beside what it views.
    public var byteCount: Int { groups.byteCount }
}

/// Lists by the nearest of a few of them, so that not every centre is measured for every query.
@safe private final class ListGroups {
    let headCount: Int
    let heads: UnsafeMutablePointer<UInt32>
    let members: UnsafeMutablePointer<UInt32>
    let memberStarts: UnsafeMutablePointer<UInt32>
    private let listCount: Int

    /// Up to here every centre is measured.
    private static let directListCount = 768
    /// Lists of a group, on average.
    private static let groupListCount = 24

    init(centres: ByteVectorTable, listCount: Int) {
        let count = listCount > Self.directListCount ? listCount / Self.groupListCount : 0
        headCount = count
        self.listCount = listCount
        // Safety: all three have the room that is written to here, and live until deinit.
        unsafe heads = .allocate(capacity: max(1, count))
        unsafe members = .allocate(capacity: listCount)
        unsafe memberStarts = .allocate(capacity: count + 1)
        unsafe memberStarts[0] = 0
        guard count > 0 else { return }
        let headRows = (0..<count).map { UInt32(($0 * 2 + 1) * listCount / (2 * count)) }
        var nearest: [Int] = []
        var distances = [Float](repeating: 0, count: count)
        for list in 0..<UInt32(listCount) {
            unsafe distances.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe centres.distances(
                    fromRow: list, to: headRows, count: count, into: base)
            }
            var best = 0
            for head in 1..<count where distances[head] < distances[best] { best = head }
            nearest.append(best)
        }
        var place = 0
        for head in 0..<count {
            unsafe heads[head] = headRows[head]
            for list in 0..<listCount where nearest[list] == head {
                unsafe members[place] = UInt32(list)
                place += 1
            }
            unsafe memberStarts[head + 1] = UInt32(place)
        }
    }

    deinit {
        unsafe heads.deallocate()
        unsafe members.deallocate()
        unsafe memberStarts.deallocate()
    }

    var byteCount: Int { 4 * (2 * headCount + 1 + listCount) }
}
