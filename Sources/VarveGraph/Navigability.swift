// Making sure that searches arrive: a way to a row is no use if no search takes it.

internal import CKernels
internal import VarveFormat
internal import VarveStorage

/// Searches for a sample of rows and leads the way where they are not found.
///
/// Between tight clusters a graph of near links has ways that searches do not take: they end at the
/// rim of the wrong cluster. A link from there to the row sought is what inserting it would have
/// made.
struct Navigability {
    /// The most rows that are sought.
    static let sampleCount = 2_048
    /// How many are sought at a time.
    private static let waveCount = 64
    /// How often what was not found is sought again.
    static let roundCount = 4
    private static let width = 32
    private static let hostCount = 8

    let space: GraphSpace
    let lists: AdjacencyStorage
    let entries: [UInt32]
    let scratches: ScratchPool
    var memory = WorkingMemory.process
    let runtime: any Runtime
    let threadCount: Int

    /// Mends `reach`, whose lists are these; answers how many rows of the sample are still not
    /// found.
    func mend(_ reach: inout Reachability, isLive: (Int) -> Bool, seed: UInt64) -> Int {
        let sample = sample(isLive: isLive, seed: seed)
        // Wave by wave, as insertion would: what one wave is led to, the next finds.
        for start in stride(from: 0, to: sample.count, by: Self.waveCount) {
            let wave = Array(sample[start..<min(sample.count, start + Self.waveCount)])
            for end in ends(of: wave) { reach.lead(to: end.row, from: end.hosts) }
        }
        var sought = sample
        for round in 0...Self.roundCount {
            let missed = ends(of: sought)
            sought = missed.map(\.row)
            if sought.isEmpty || round == Self.roundCount { break }
            for end in missed { reach.lead(to: end.row, from: end.hosts) }
        }
        return sought.count
    }

    private func sample(isLive: (Int) -> Bool, seed: UInt64) -> [UInt32] {
        let share = min(1, Double(Self.sampleCount) / Double(max(1, lists.rowCount)))
        let limit = UInt32(share * Double(UInt32.max))
        return (0..<UInt32(lists.rowCount)).filter {
            rowHash($0, salt: seed &+ 77) <= limit && isLive(Int($0))
        }.sorted {
            (rowHash($0, salt: seed), $0) < (rowHash($1, salt: seed), $1)
        }
    }

    /// The rows of `sought` that searches miss, in order, and the nearest rows they end at.
    private func ends(of sought: [UInt32]) -> [(row: UInt32, hosts: [UInt32])] {
        let chunk = 16
        let chunkCount = (sought.count + chunk - 1) / chunk
        let parts = ParallelResults<[(row: UInt32, hosts: [UInt32])]>(count: chunkCount)
        memory.inStretches(of: 0..<chunkCount, length: 4) { stretch in
            runtime.parallel(count: stretch.count, threadCount: threadCount) { index in
                let index = stretch.lowerBound + index
                scratches.use { scratch in
                    let rows = sought[index * chunk..<min(sought.count, (index + 1) * chunk)]
                    parts.set(
                        index,
                        rows.compactMap { row in
                            end(of: row, scratch: scratch).map { (row: row, hosts: $0) }
                        })
                }
            }
        }
        return parts.all.flatMap(\.self)
    }

    /// Where a search for `row` ends; nil if it finds it or an equal row.
    private func end(of row: UInt32, scratch: SearchScratch) -> [UInt32]? {
        var graph = unsafe lists.graph
        var rule = vg_search_rule(
            width: UInt32(Self.width), stop_rank: 1, stop_factor: .infinity, skip_row: .max)
        unsafe vg_search(
            space.pointer, &graph, space.point(row), entries, UInt32(entries.count), &rule,
            scratch.pointer)
        let found = (0..<scratch.resultCount).map { scratch.result(at: $0) }
        if found.first?.distance == 0 || found.contains(where: { $0.row.rawValue == row }) {
            return nil
        }
        return found.prefix(Self.hostCount).map(\.row.rawValue)
    }
}
