// Whether a merge has cost recall: the same queries to its sources and to its output.

internal import VarveFormat
internal import VarveSegment
internal import VarveStorage

/// Compares what searches find in a merged segment with what they found in its sources.
///
/// The queries are the output's own, whose exact answers it carries. Searches of the sources have
/// widths in proportion to their rows, and the one search of the output is as wide as they have
/// together expanded rows: the same work, as a store does it before and after.
struct MergeCanary {
    let inputs: [MergeInput]
    let output: SegmentRecord
    let fileSystem: any FileSystem
    let directory: FilePath

    /// The width of a search of the output.
    private static let width = 96
    /// Rows that a search expands on its way to the query, beyond its width.
    private static let descentCount = 12
    /// The least width of a search of a source.
    private static let leastWidth = 10

    /// The comparison; nil if the output has no queries.
    func judge() throws(SegmentError) -> MergeJudgement? {
        let reader = try SegmentReader(
            fileSystem: fileSystem, path: directory.appending(FileNames.segment(output.id)),
            expecting: output, access: .mappedInPlace)
        guard let canary = try reader.canary(), !canary.queries.isEmpty else { return nil }
        // Mapped once more for this alone: what these searches touch is given back, and what the
        // store's own readers keep for searches to come does not grow by it.
        var sources: [(input: MergeInput, reader: SegmentReader, dropped: DeletedRows)] = []
        for input in inputs where input.keptRowCount > 0 {
            let source = try input.reader.reread(expecting: input.record)
            let dropped = DeletedRows(input.dropped, rowCount: input.record.rowCount)
            sources.append((input, source, dropped))
        }
        let query = SegmentQuery(schema: reader.schema)
        var (inSources, inOutput, wanted) = (0, 0, 0)
        for probe in canary.queries {
            unsafe probe.vector.withUnsafeBufferPointer { buffer in
                if let start = buffer.baseAddress { unsafe query.prepare(start) }
            }
            var bound = -Float.infinity
            for row in probe.nearest {
                bound = max(bound, try reader.exactDistance(row, from: query))
            }
            wanted += probe.nearest.count
            var (found, expanded) = (0, 0)
            for (input, source, dropped) in sources {
                let share = Double(input.keptRowCount) / Double(output.rowCount)
                let width = max(Self.leastWidth, Int((Double(Self.width) * share).rounded()))
                let result = try count(
                    in: source, query, width: width, within: bound, without: dropped)
                found += result.found
                expanded += result.expanded
                source.forgetPages()
            }
            // Each source has a way of its own to the query: that is work, too.
            let width = max(Self.width, expanded - Self.descentCount)
            inOutput += try count(in: reader, query, width: width, within: bound).found
            inSources += min(found, probe.nearest.count)
            // The pages touched count as this process's memory until they are given back.
            reader.forgetPages()
        }
        return MergeJudgement(
            sourceRecall: Double(inSources) / Double(max(1, wanted)),
            outputRecall: Double(inOutput) / Double(max(1, wanted)))
    }

    /// How many of the ten nearest that a search finds are within `bound`.
    private func count(
        in reader: SegmentReader, _ query: SegmentQuery, width: Int, within bound: Float,
        without dropped: DeletedRows? = nil
    ) throws(SegmentError) -> (found: Int, expanded: Int) {
        var statistics = SegmentSearchStatistics()
        let hits = try reader.search(
            query, k: SegmentCanary.nearestCount, effort: SearchEffort(width: width),
            deleted: dropped, statistics: &statistics
        ) { _ in true }
        let found = min(SegmentCanary.nearestCount, hits.count { $0.distance <= bound })
        return (found, statistics.expandedNodeCount)
    }
}
