// Which way of merging suits which sources.

/// The ways in which graphs are merged; all give a sound graph of all rows, at different costs.
public enum MergeRegime: String, CaseIterable, Hashable, Sendable {
    /// The largest graph is kept and the other rows are taken in by searching it.
    case absorb
    /// The largest graph is kept; the other rows are compared with what lies near them.
    case asymmetric
    /// All rows are compared with what lies near them and keep the best of their own lists.
    case symmetric
    /// All rows are compared with what lies near them; the old lists are forgotten.
    case rebuild
}

/// How a merge of `sources` is done: a pure function, tried in this order.
///
/// Lists of small sources hold links that are long for the merged rows, and every merge leaves
/// some; so after a few merges, after many deletions, or when searches have been measured to cost
/// more than in a fresh graph, the graph is made anew.
///
/// - Parameter drift: Distances a search needs for a recall of 0.95, relative to a fresh graph of
///   the same rows; `nil` if not measured.
public func chooseRegime(for sources: [MergeSource], drift: Double? = nil) -> MergeRegime {
    guard let largest = sources.max(by: { $0.rowCount < $1.rowCount }), largest.rowCount > 0
    else { return .rebuild }
    let total = sources.reduce(0) { $0 + $1.rowCount }
    let deleted = Double(largest.deletedRowCount)
    let deletedShare = deleted / (deleted + Double(largest.rowCount))
    let share = Double(largest.rowCount) / Double(total)
    if largest.mergeCount > 4 || deletedShare > 0.25 || (drift ?? 1) > 1.1 { return .rebuild }
    // A list that is kept is not mended where deleted neighbours were.
    if deletedShare > 0.1 { return .symmetric }
    if share >= 0.9 { return .absorb }
    return share >= 0.5 ? .asymmetric : .symmetric
}
