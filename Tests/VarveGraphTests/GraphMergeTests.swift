// Tests of merging graphs.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

@Suite struct RegimeChoiceTests {
    @Test(arguments: [
        (sizes: [250, 250, 250, 250], regime: MergeRegime.symmetric),
        (sizes: [800, 50, 50, 50, 50], regime: .asymmetric),
        (sizes: [500, 500], regime: .asymmetric),
        (sizes: [499, 251, 250], regime: .symmetric),
        (sizes: [20, 900, 80], regime: .absorb),
        (sizes: [100], regime: .absorb),
        (sizes: [], regime: .rebuild),
        (sizes: [0, 0], regime: .rebuild),
    ])
    func `shares decide between ways of keeping lists`(sizes: [Int], regime: MergeRegime) {
        #expect(chooseRegime(for: sizes.map { MergeSource(rowCount: $0) }) == regime)
    }

    @Test(arguments: [
        (deleted: 0, merges: 0, drift: nil, regime: MergeRegime.asymmetric),
        (deleted: 199, merges: 4, drift: 1.1, regime: .asymmetric),
        (deleted: 250, merges: 0, drift: nil, regime: .symmetric),
        (deleted: 280, merges: 0, drift: nil, regime: .rebuild),
        (deleted: 0, merges: 5, drift: nil, regime: .rebuild),
        (deleted: 0, merges: 0, drift: 1.11, regime: .rebuild),
    ])
    func `deletions, merges and drift call for a new graph`(
        deleted: Int, merges: Int, drift: Double?, regime: MergeRegime
    ) {
        let largest = MergeSource(rowCount: 800, deletedRowCount: deleted, mergeCount: merges)
        let other = MergeSource(rowCount: 200, deletedRowCount: 900, mergeCount: 9)
        #expect(chooseRegime(for: [other, largest], drift: drift) == regime)
    }
}
