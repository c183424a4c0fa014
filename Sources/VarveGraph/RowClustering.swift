// Lists of rows around a sample of them.

internal import VarveStorage

/// Rows by their nearest leader; leaders are rows drawn by hash.
struct RowClustering: Sendable {
    let space: GraphSpace
    let rowCount: Int
    let seed: UInt64
    var memory = WorkingMemory.process
    let runtime: any Runtime
    let threadCount: Int
    /// The most leaders that every row is compared with.
    private static let directLeaderCount = 512
    /// Leaders of a group, on average.
    private static let groupLeaderCount = 32
    /// Groups, a row's own first, whose leaders the row is compared with.
    private static let nearGroupCount = 8

    /// Which leader each row has.
    private struct Assignment {
        /// The leaders, near ones side by side where they are many.
        var leaders: [UInt32]
        /// The place among them of each row's leader.
        var places: [UInt32]
    }

    /// The lists that are not empty and the leader of each.
    func lists(leaderCount: Int) -> (lists: RowGroups, leaders: [UInt32]) {
        let leaders = leaders(count: leaderCount)
        let rows = (0..<UInt32(rowCount)).map { $0 }
        let assignment =
            leaders.count > Self.directLeaderCount
            ? assignByGroups(rows, to: leaders)
            : Assignment(
                leaders: leaders,
                places: nearest(of: leaders, to: rows, threadCount: threadCount))
        let all = Self.grouped(rows, by: assignment.places, count: leaderCount)
        var lists = RowGroups()
        var kept: [UInt32] = []
        for index in 0..<all.count where !all.range(index).isEmpty {
            lists.append(all.rows[all.range(index)])
            kept.append(assignment.leaders[index])
        }
        return (lists, kept)
    }

    /// Compares rows with the leaders of the groups around their own group only.
    private func assignByGroups(_ rows: [UInt32], to leaders: [UInt32]) -> Assignment {
        let heads = Array(leaders.prefix(leaders.count / Self.groupLeaderCount))
        let width = min(heads.count, Self.nearGroupCount)
        let around = nearest(of: heads, to: heads, width: width, threadCount: threadCount)
        let led = Self.grouped(
            leaders, by: nearest(of: heads, to: leaders, threadCount: threadCount),
            count: heads.count)
        let members = Self.grouped(
            rows, by: nearest(of: heads, to: rows, threadCount: threadCount), count: heads.count)
        let parts = ParallelResults<[UInt32]>(count: heads.count)
        memory.inStretches(of: 0..<heads.count, length: 4) { stretch in
            runtime.parallel(count: stretch.count, threadCount: threadCount) { index in
                let group = stretch.lowerBound + index
                let near = around[group * width..<(group + 1) * width]
                    .flatMap { led.range(Int($0)) }
                let chosen = nearest(
                    of: near.map { led.rows[$0] }, to: Array(members.rows[members.range(group)]),
                    threadCount: 1)
                parts.set(group, chosen.map { UInt32(near[Int($0)]) })
            }
        }
        var places = [UInt32](repeating: 0, count: rowCount)
        for (row, place) in zip(members.rows, parts.all.joined()) { places[Int(row)] = place }
        return Assignment(leaders: led.rows, places: places)
    }

    /// The `count` rows with the smallest hash, in the order of their hashes.
    private func leaders(count: Int) -> [UInt32] {
        let salt = splitMix(seed)
        return (0..<UInt32(rowCount)).map { UInt64(rowHash($0, salt: salt)) << 32 | UInt64($0) }
            .sorted().prefix(count).map { UInt32(truncatingIfNeeded: $0) }
    }

    /// For every row the places of its `width` nearest leaders; see ``nearestLeaders``.
    private func nearest(
        of leaders: [UInt32], to rows: [UInt32], width: Int = 1, threadCount: Int
    ) -> [UInt32] {
        nearestLeaders(leaders, to: rows, width: width, in: space) { count, body in
            memory.inStretches(of: 0..<count, length: 16) { stretch in
                runtime.parallel(count: stretch.count, threadCount: threadCount) {
                    body(stretch.lowerBound + $0)
                }
            }
        }
    }

    /// Rows by their group, in their order inside a group.
    private static func grouped(
        _ rows: [UInt32], by groups: [UInt32], count: Int
    ) -> RowGroups {
        var starts = [Int](repeating: 0, count: count + 1)
        for group in groups { starts[Int(group) + 1] += 1 }
        for group in 0..<count { starts[group + 1] += starts[group] }
        var result = RowGroups()
        result.ends = Array(starts.dropFirst())
        result.rows = [UInt32](repeating: 0, count: rows.count)
        for (row, group) in zip(rows, groups) {
            result.rows[starts[Int(group)]] = row
            starts[Int(group)] += 1
        }
        return result
    }

    private func splitMix(_ seed: UInt64) -> UInt64 {
        seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xA076_1D64_78BD_642F
    }
}
