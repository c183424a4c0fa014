// The walk over a segment's fused blocks, which lie in mapped memory.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

/// The blocks of a mapped segment as a walk sees them; a block is verified when a walk first comes
/// to it.
final class ResidentWalk: Sendable {
    /// What the blocks mean.
    let codebook: NeighbourCodebook
    /// The blocks.
    let graph: WalkGraph
    // The blocks lie in its mapping.
    private let container: SegmentContainer

    /// The walk of `reader`; nil if the segment has none or is not mapped.
    init?(of reader: SegmentReader) throws(SegmentError) {
        guard let place = reader.places.walk, reader.places.walkHeader != nil, reader.isMapped
        else { return nil }
        let header = try reader.walkHeader()
        let container = reader.container
        let byteCount = header.codebook.layout.byteCount
        let found = container.sections[place].entry.byteCount
        guard found == UInt64(byteCount * reader.rowCount) else {
            throw container.error(.invalidValue, section: place, at: 0, "\(found) bytes")
        }
        for seed in header.seeds {
            let range = seed.index * byteCount..<(seed.index + 1) * byteCount
            _ = unsafe try container.mappedBase(place, verifying: range)
        }
        guard let base = unsafe try container.mappedBase(place, verifying: 0..<0) else {
            return nil
        }
        self.container = container
        codebook = header.codebook
        // Safety: the section has a block for every row, and the container keeps it mapped.
        graph = unsafe WalkGraph(
            blocks: base, rowCount: reader.rowCount, layout: codebook.layout,
            unit: codebook.unit, seeds: header.seeds
        ) { row in
            let range = row.index * byteCount..<(row.index + 1) * byteCount
            return unsafe (try? container.mappedBase(place, verifying: range)) != nil
        }
    }
}
