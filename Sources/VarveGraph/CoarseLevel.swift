// Finds in a thin sample of the rows.

internal import CKernels
internal import VarveStorage

/// A sample of rows and what they find when only the sample is there.
///
/// The nearest rows of a row in a tight cluster are all in that cluster; in a thin enough sample
/// they are not. Samples are nested, so a search comes from the thinnest to every row by ever
/// shorter links.
struct CoarseLevel: Sendable {
    /// One row in so many of the level below stays.
    static let thinning = 8

    /// The rows of the sample, ascending.
    let rows: [UInt32]
    /// Their finds.
    let finds: LeafFinds

    init(
        thinning base: [UInt32], level: Int, seed: UInt64, count: Int,
        memory: WorkingMemory = .process
    ) {
        let salt = seed &+ UInt64(level + 101) &* 0x9E37_79B9_7F4A_7C15
        let limit = UInt32.max / UInt32(Self.thinning)
        rows = base.filter { rowHash($0, salt: salt) <= limit }
        finds = LeafFinds(rows: rows, limit: count, memory: memory)
    }

    /// Appends what `row` found to the candidates in `scratch`; false if it is not in the sample.
    func addCandidates(of row: UInt32, to scratch: SearchScratch) -> Bool {
        guard let place = finds.place(of: row) else { return false }
        unsafe vg_add_candidates(
            scratch.pointer, finds.list(place), UInt32(finds.counts[place]))
        return true
    }
}
