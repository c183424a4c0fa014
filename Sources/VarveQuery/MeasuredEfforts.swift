// What a segment says a recall costs.

import VarveFormat
import VarveSegment

/// The widths and slacks that reached the recalls of ``SegmentCanary/recallTargets`` when a segment
/// was sealed.
final class MeasuredEfforts: Sendable {
    private let widths: [(recall: Double, value: Double)]
    private let slacks: [(recall: Double, value: Double)]

    /// The figures of a segment's canary, if it has one, and the widths of searches by pages, zero
    /// where a recall was not reached.
    init(_ canary: SegmentCanary?, pageWidths: [Double]) {
        let targets = SegmentCanary.recallTargets
        widths = zip(targets, pageWidths).filter { $0.1 > 0 }
            .map { ($0, $1) }
        slacks = zip(targets, canary?.slacks ?? []).filter { $0.1 >= 0 }
            .map { ($0, Double($1)) }
    }

    /// The effort a recall needs; nil where it was never reached.
    ///
    /// Walks over blocks go by slack, which spends more on hard queries; walks over pages by width.
    /// Queries from outside are harder than the segment's own: a slack gets .03 and a twentieth
    /// more, a width a tenth and one more. Above recall .95, few answers say what a width misses:
    /// there it gets more and more, up to a quarter and ten at .99.
    func effort(forRecall recall: Double, walksBlocks: Bool) -> SearchEffort? {
        if walksBlocks, let slack = Self.value(at: recall, slacks) {
            return SearchEffort(width: 0, gamma: Float(slack * 1.05 + 0.03))
        }
        guard let width = Self.value(at: recall, widths) else { return nil }
        let rare = min(1, max(0, (recall - 0.95) / 0.04))
        return SearchEffort(width: Int((width * (1.1 + 0.15 * rare) + 1 + 9 * rare).rounded()))
    }

    /// The value at a recall, on straight lines between the measured ones; below the first its own.
    private static func value(
        at recall: Double, _ points: [(recall: Double, value: Double)]
    ) -> Double? {
        guard let upper = points.firstIndex(where: { $0.recall >= recall }) else { return nil }
        guard upper > 0 else { return points[0].value }
        let (a, b) = (points[upper - 1], points[upper])
        let share = (recall - a.recall) / (b.recall - a.recall)
        return a.value + share * (b.value - a.value)
    }
}
