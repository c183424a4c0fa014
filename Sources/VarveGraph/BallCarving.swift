// Cutting rows into overlapping leaves of near ones.

internal import VarveStorage

/// Groups of rows, one after the other.
struct RowGroups {
    /// The rows of all groups.
    var rows: [UInt32] = []
    /// Where each group ends.
    var ends: [Int] = []

    var count: Int { ends.count }

    func range(_ group: Int) -> Range<Int> { (group == 0 ? 0 : ends[group - 1])..<ends[group] }

    mutating func append(_ group: some Collection<UInt32>) {
        rows.append(contentsOf: group)
        ends.append(rows.count)
    }

    mutating func append(_ other: RowGroups) {
        let offset = rows.count
        rows.append(contentsOf: other.rows)
        ends.append(contentsOf: other.ends.map { $0 + offset })
    }
}

/// Groups of rows that stay as they are, in working memory.
struct Leaves: Sendable {
    /// The rows of all groups.
    let rows: SharedWords
    private let ends: [Int]

    /// No groups.
    init() { self.init(RowGroups(), memory: .process) }

    init(_ groups: RowGroups, memory: WorkingMemory) {
        rows = SharedWords(groups.rows, memory: memory)
        ends = groups.ends
    }

    var count: Int { ends.count }

    /// The rows of a group; valid while this lives.
    func rows(of group: Int) -> UnsafeBufferPointer<UInt32> {
        unsafe rows[(group == 0 ? 0 : ends[group - 1])..<ends[group]]
    }
}

/// Random ball carving: some rows, drawn by hash, lead; every other goes to the nearest leaders,
/// and what is still too large is carved again.
///
/// The leaves depend on the vectors, the parameters and the seed alone.
struct BallCarving: Sendable {
    let space: GraphSpace
    let leafRowCount: Int
    let seed: UInt64
    var memory = WorkingMemory.process
    let runtime: any Runtime
    let threadCount: Int
    private static let maxLeaderCount = 1_000

    /// Carves `rows` so that each lies in the leaves of its `fan` nearest leaders.
    func leaves(of rows: [UInt32], fan: Int) -> RowGroups {
        carve(rows, fan: fan, level: 0)
    }

    private func carve(_ rows: [UInt32], fan: Int, level: Int) -> RowGroups {
        var leaves = RowGroups()
        guard rows.count > leafRowCount else {
            if !rows.isEmpty { leaves.append(rows) }
            return leaves
        }
        let clusters = clusters(of: rows, fan: fan, level: level)
        let tooLarge = (0..<clusters.count).filter { clusters.range($0).count > leafRowCount }
        for index in 0..<clusters.count where clusters.range(index).count <= leafRowCount {
            leaves.append(clusters.rows[clusters.range(index)])
        }
        let parts = ParallelResults<RowGroups>(count: tooLarge.count)
        // Below the first level clusters are many, so they are what is done in parallel.
        let rowCount = rows.count
        run(count: tooLarge.count, inParallel: level == 0, stretch: 4) { index in
            let cluster = Array(clusters.rows[clusters.range(tooLarge[index])])
            let shrinks = cluster.count < rowCount - rowCount / 16
            parts.set(
                index, shrinks ? carve(cluster, fan: 1, level: level + 1) : slices(of: cluster))
        }
        for part in parts.all { leaves.append(part) }
        return leaves
    }

    /// Runs `body` for each of `count` parts; at the first level memory is given back after every
    /// `stretch` of them.
    private func run(
        count: Int, inParallel: Bool, stretch: Int, _ body: @Sendable (Int) -> Void
    ) {
        guard inParallel else {
            return runtime.parallel(count: count, threadCount: 1, body)
        }
        memory.inStretches(of: 0..<count, length: stretch) { range in
            runtime.parallel(count: range.count, threadCount: threadCount) {
                body(range.lowerBound + $0)
            }
        }
    }

    /// Leaves of rows that no leader tells apart, such as equal ones; the first row is in each.
    private func slices(of rows: [UInt32]) -> RowGroups {
        var leaves = RowGroups()
        var start = 1
        while start < rows.count {
            let end = min(rows.count, start + leafRowCount - 1)
            leaves.append([rows[0]] + rows[start..<end])
            start = end
        }
        return leaves
    }

    /// The rows by leader, small clusters joined.
    private func clusters(of rows: [UInt32], fan: Int, level: Int) -> RowGroups {
        let wanted = (rows.count * fan * 20 + leafRowCount * 9 - 1) / (leafRowCount * 9)
        let leaderCount = min(rows.count, Self.maxLeaderCount, max(2, wanted))
        let leaders = leaders(of: rows, count: leaderCount, level: level)
        let width = min(fan, leaderCount)
        let assigned = nearestLeaders(leaders, to: rows, width: width, in: space) {
            run(count: $0, inParallel: level == 0, stretch: 16, $1)
        }
        var counts = [Int](repeating: 0, count: leaderCount)
        for leader in assigned { counts[Int(leader)] += 1 }
        var starts = [Int](repeating: 0, count: leaderCount + 1)
        for leader in 0..<leaderCount { starts[leader + 1] = starts[leader] + counts[leader] }
        var places = starts
        var members = [UInt32](repeating: 0, count: assigned.count)
        for index in assigned.indices {
            let leader = Int(assigned[index])
            members[places[leader]] = rows[index / width]
            places[leader] += 1
        }
        let order = (0..<leaderCount).sorted { (counts[$0], $0) < (counts[$1], $1) }
        return joined(order.map { members[starts[$0]..<starts[$0 + 1]] })
    }

    /// Joins clusters below a quarter of a leaf until they make about half of one; smallest come
    /// first.
    private func joined(_ clusters: [ArraySlice<UInt32>]) -> RowGroups {
        var groups = RowGroups()
        var gathered: [UInt32] = []
        func flush() {
            if gathered.isEmpty { return }
            gathered.sort()
            var last: UInt32?
            gathered.removeAll { row in
                defer { last = row }
                return row == last
            }
            groups.append(gathered)
            gathered.removeAll()
        }
        for cluster in clusters where !cluster.isEmpty {
            if cluster.count * 4 >= leafRowCount {
                groups.append(cluster)
            } else {
                if gathered.count + cluster.count > leafRowCount / 2 { flush() }
                gathered.append(contentsOf: cluster)
            }
        }
        flush()
        return groups
    }

    /// The `count` rows with the smallest hash.
    private func leaders(of rows: [UInt32], count: Int, level: Int) -> [UInt32] {
        let salt = seed &+ UInt64(level) &* 0x9E37_79B9_7F4A_7C15
        let share = UInt64(UInt32.max) * UInt64(2 * count + 64) / UInt64(rows.count)
        var keys: [UInt64] = []
        for limit in [min(share, UInt64(UInt32.max)), UInt64(UInt32.max)] {
            keys.removeAll()
            for row in rows {
                let hash = UInt64(rowHash(row, salt: salt))
                if hash <= limit { keys.append(hash << 32 | UInt64(row)) }
            }
            if keys.count >= count { break }
        }
        return keys.sorted().prefix(count).map { UInt32(truncatingIfNeeded: $0) }
    }
}

/// 32 bits that look random and depend on `row` and `salt` alone.
func rowHash(_ row: UInt32, salt: UInt64) -> UInt32 {
    var bits = (UInt64(row) &+ 1) &* 0xD6E8_FEB8_6659_FD93 ^ salt
    bits = (bits ^ (bits >> 32)) &* 0xD6E8_FEB8_6659_FD93
    bits = (bits ^ (bits >> 29)) &* 0x9FB2_1C65_1E98_DF25
    return UInt32(truncatingIfNeeded: bits >> 32)
}
