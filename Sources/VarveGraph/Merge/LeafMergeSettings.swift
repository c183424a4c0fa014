// How rows are compared leaf by leaf in a merge.

/// The numbers of one way of merging by leaves, as measured to be best.
public struct LeafMergeSettings: Hashable, Sendable {
    /// How many of its nearest leaders' leaves a row goes into.
    public var fan: Int
    /// How many nearest rows every row takes from each of its leaves.
    public var neighboursPerLeaf: Int
    /// How many of all these a row keeps.
    public var findLimit: Int
    /// How many of its own neighbours a row keeps as candidates wherever they are; farther ones
    /// only if they are not farther than the farthest find.
    public var ownLimit: Int
    /// The same for rows of sources with less than a tenth of all rows.
    public var smallOwnLimit: Int
    /// The most links back a row considers, nearest first.
    public var offerLimit: Int
    /// Whether thinner and thinner samples of the rows are compared too, for links between
    /// clusters.
    public var joinsSamples: Bool

    /// The settings of a regime for lists of at most `maxDegree` and vectors of `dimension`
    /// components; absorbing uses the own limits and the offer limit only.
    public init(_ regime: MergeRegime, maxDegree: Int, dimension: Int) {
        // Longer lists want more finds: measured at 32 and 48.
        let isLong = maxDegree > 40
        smallOwnLimit = 8
        offerLimit = 64
        joinsSamples = true
        switch regime {
        case .absorb, .asymmetric:
            (fan, neighboursPerLeaf, ownLimit) = (isLong ? 7 : 6, isLong ? 12 : 10, 8)
            joinsSamples = false
        case .symmetric:
            (fan, neighboursPerLeaf, ownLimit) = (
                isLong ? 6 : 5, isLong ? 10 : 8, maxDegree * 5 / 8
            )
            smallOwnLimit = maxDegree * 3 / 8
            offerLimit = 32
        case .rebuild:
            // Without own lists, leaves of many dimensions miss more: fan 8 instead of 6 took the
            // distances at recall 0.95 from 1.09 to 1.02 of those of insertion at 384 dimensions
            // and saved nothing at 128.
            let isWide = isLong || dimension > 192
            (fan, neighboursPerLeaf, ownLimit) = (isWide ? 8 : 6, isLong ? 12 : 10, 0)
            (smallOwnLimit, offerLimit) = (0, Int(Int32.max))
        }
        findLimit = max(fan * neighboursPerLeaf * 4 / 5, maxDegree)
    }

    func check() {
        precondition(fan >= 1 && neighboursPerLeaf >= 1, "fan and neighbours are positive")
        precondition((1...65_535).contains(findLimit), "finds are 1 to 65,535")
        precondition(ownLimit >= 0 && smallOwnLimit >= 0 && offerLimit >= 0)
    }
}
