// Whether a merge has cost recall: the same queries to its sources and to its output.

internal import VarveFormat
internal import VarveSegment
internal import VarveStorage

/// Compares what searches find in a merged segment with what they found in its sources.
///
/// The queries are the output's own, whose exact answers it carries. One search of the output has
/// the width that the searches of the sources have together, each in proportion to its rows: the
/// same work, as a store does it before and after.
struct MergeCanary {
    let inputs: [MergeInput]
    let output: SegmentRecord
    let fileSystem: any FileSystem
    let directory: FilePath

    /// The width of a search of the output.
    private static let width = 96
    /// The least width of a search of a source.
    private static let leastWidth = 10

    /// The comparison; nil if the output has no queries.
    func judge() throws(SegmentError) -> MergeJudgement? {
        let reader = try SegmentReader(
            fileSystem: fileSystem, path: directory.appending(FileNames.segment(output.id)),
            expecting: output, access: .mappedInPlace)
        guard let canary = try reader.canary(), !canary.queries.isEmpty else { return nil }
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
            inOutput += try count(in: reader, query, width: Self.width, within: bound)
            var found = 0
            for input in inputs where input.keptRowCount > 0 {
                let share = Double(input.keptRowCount) / Double(output.rowCount)
                let width = max(Self.leastWidth, Int((Double(Self.width) * share).rounded()))
                found += try count(
                    in: input.reader, query, width: width, within: bound, without: input.dropped)
            }
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
        without dropped: RowSet? = nil
    ) throws(SegmentError) -> Int {
        var statistics = SegmentSearchStatistics()
        let hits = try reader.search(
            query, k: SegmentCanary.nearestCount, effort: SearchEffort(width: width),
            deleted: dropped.map { DeletedRows($0, rowCount: reader.rowCount) },
            statistics: &statistics
        ) { _ in true }
        return min(SegmentCanary.nearestCount, hits.filter { $0.distance <= bound }.count)
    }
}
