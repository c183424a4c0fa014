// What has become of a merge.

/// A merge that has ended: the new segment, verified and not published yet.
public struct MergeOutcome: Sendable {
    /// The new segment; nil if no row was kept.
    public var written: WrittenSegment?
    /// Where the rows of the inputs stand in it.
    public var ordinals: MergedOrdinals
    /// How its graph was made in the end.
    public var regime: String
    /// What the canary has said; nil where there was nothing to compare.
    public var judgement: MergeJudgement?
    /// What was refused before, if a graph was.
    public var refused: MergeJudgement?
    /// Bytes of segments written, those of refused outputs included.
    public var writtenByteCount: UInt64 = 0
    /// Scattered distances computed for the graph.
    public var distanceCount: UInt64
}

/// What searches for the same queries find in the sources together and in the merged segment.
public struct MergeJudgement: Hashable, Sendable {
    /// The share of the nearest ten that searches of the sources find, their widths adding up to
    /// that of the one search of the output.
    public var sourceRecall: Double
    /// The share that a search of the output finds.
    public var outputRecall: Double

    /// How much recall a merge may cost.
    public static let tolerance = 0.01

    /// Whether the merge has cost more recall than it may.
    public var isTooLow: Bool { outputRecall < sourceRecall - Self.tolerance }
}

/// How far a merge is.
public struct MergeStep: Hashable, Sendable {
    /// The parts of a merge, in their order.
    public enum Phase: String, Hashable, Sendable {
        /// Rows are read from the sources.
        case gathering
        /// The graph is made.
        case linking
        /// The segment is written, synced and read back.
        case writing
        /// Its recall is compared with that of the sources.
        case judging
        /// There is nothing left to do.
        case finished
    }

    /// What the next step does.
    public var phase: Phase
    /// The share of all work that is done, 0 to 1: an estimate.
    public var share: Double
    /// Bytes read and written by the step.
    public var byteCount: Int
}
