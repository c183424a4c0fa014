// One result from each call of a parallel loop, in the order of the calls.

/// Collects what the calls of a parallel loop have to say.
package final class ParallelResults<Element: Sendable>: Sendable {
    private let results: Guarded<[Element?]>

    /// Room for the results of `count` calls.
    package init(count: Int) { results = Guarded(Array(repeating: nil, count: count)) }

    /// Call `index` says `result`.
    package func set(_ index: Int, _ result: Element) { results.withLock { $0[index] = result } }

    /// What the calls said, in their order; complete once the loop has returned.
    package var all: [Element] { results.withLock { $0.compactMap(\.self) } }
}
