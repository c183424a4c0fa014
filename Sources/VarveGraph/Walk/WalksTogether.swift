// Several walks towards one query, a step of each in turn.

internal import CKernels
public import VarveKernels

/// Walks over graphs of their own that share what they find; reused from query to query.
///
/// Each goes on until nothing it knows is nearer than its slack allows beyond the rank-th of all
/// rows found so far, wherever they are: rows of one graph need not be among the nearest of their
/// own graph only. While one makes a step, the blocks that the others need next are on their way
/// from memory. The results depend on the order of the walks and on nothing else. One thread at a
/// time.
@safe public final class WalksTogether {
    private var states: UnsafeMutablePointer<vk_walk_state>
    private var graphs: UnsafeMutablePointer<vk_walk_graph>
    private var queries: UnsafeMutablePointer<vk_walk_query>
    private var rules: UnsafeMutablePointer<vk_walk_rule>
    private var capacity = 0
    private let nearest: UnsafeMutablePointer<vk_walk_nearest>
    private var rankCapacity = 1
    /// Walks that have been added.
    public private(set) var count = 0

    /// No walks yet.
    public init() {
        // Safety: all of them live, with the capacities recorded, until deinit; the states refer to
        // the others, and are used by `run` alone, which follows the adding of all.
        unsafe states = .allocate(capacity: 1)
        unsafe graphs = .allocate(capacity: 1)
        unsafe queries = .allocate(capacity: 1)
        unsafe rules = .allocate(capacity: 1)
        unsafe nearest = .allocate(capacity: 1)
        unsafe nearest.initialize(
            to: vk_walk_nearest(distances: .allocate(capacity: 1), limit: 1, count: 0))
    }

    deinit {
        unsafe states.deallocate()
        unsafe graphs.deallocate()
        unsafe queries.deallocate()
        unsafe rules.deallocate()
        unsafe nearest.pointee.distances.deallocate()
        unsafe nearest.deallocate()
    }

    /// Forgets all walks, and has room for `count`, whose slack refers to the row of rank `rank`.
    public func begin(count wanted: Int, rank: Int) {
        precondition(rank >= 1)
        count = 0
        if rank > rankCapacity {
            unsafe nearest.pointee.distances.deallocate()
            rankCapacity = rank
            unsafe nearest.pointee.distances = .allocate(capacity: rank)
        }
        unsafe nearest.pointee.limit = UInt32(rank)
        unsafe nearest.pointee.count = 0
        guard wanted > capacity else { return }
        unsafe states.deallocate()
        unsafe graphs.deallocate()
        unsafe queries.deallocate()
        unsafe rules.deallocate()
        capacity = wanted
        unsafe states = .allocate(capacity: wanted)
        unsafe graphs = .allocate(capacity: wanted)
        unsafe queries = .allocate(capacity: wanted)
        unsafe rules = .allocate(capacity: wanted)
    }

    /// Takes a row that was found elsewhere, at a distance as the walks compare them: their own
    /// less their offset.
    public func know(_ distance: Float) { unsafe vk_walk_insert_nearest(nearest, distance) }

    /// Adds a walk; graph, query, table, `live` and scratch must stay until ``run()`` has returned,
    /// and the scratch is that walk's alone.
    ///
    /// - Parameters:
    ///   - rule: With a slack; its stop rank is that of ``begin(count:rank:)``.
    ///   - offset: By how much distances in this graph are larger than others take them to be.
    public func add(
        _ graph: WalkGraph, _ query: borrowing ByteVector, table: CodeTable, rule: WalkRule,
        live: UnsafePointer<UInt64>?, offset: Float, scratch: WalkScratch
    ) {
        precondition(count < capacity && rule.slack != nil)
        graph.check(rule, dimension: query.dimension)
        scratch.prepare(
            rowCount: graph.rowCount, seedCount: graph.seedCount + graph.seedGroupCount, rule: rule)
        unsafe (graphs + count).initialize(to: graph.cGraph)
        unsafe (queries + count).initialize(to: query.cQuery(table))
        unsafe (rules + count).initialize(to: rule.cRule(live: live))
        let state = unsafe states + count
        // Zeros are what a walk that has not begun has everywhere else.
        unsafe UnsafeMutableRawPointer(state).initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<vk_walk_state>.stride)
        unsafe state.pointee.graph = UnsafePointer(graphs + count)
        unsafe state.pointee.query = UnsafePointer(queries + count)
        unsafe state.pointee.rule = UnsafePointer(rules + count)
        unsafe state.pointee.scratch = scratch.memory
        unsafe state.pointee.nearest = nearest
        unsafe state.pointee.offset = offset
        count += 1
    }

    /// Walks, and leaves the results of each in its scratch, as a walk by itself does.
    public func run() { run(tier: .best) }

    package func run(tier: KernelTier) {
        guard let kernel = unsafe vk_walks_for(vk_tier(tier.rawValue)) else {
            preconditionFailure("this machine has no \(tier)")
        }
        for index in 0..<count {
            unsafe vk_walk_measure_seeds(
                tier.kernels, graphs + index, queries + index, rules + index,
                states[index].scratch)
        }
        unsafe kernel(states, UInt32(count))
    }
}
