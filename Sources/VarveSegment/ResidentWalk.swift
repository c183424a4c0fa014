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
        let places = header.places
        let found = container.sections[place].entry.byteCount
        guard found == UInt64(places.byteCount) else {
            throw container.error(.invalidValue, section: place, at: 0, "\(found) bytes")
        }
        for seed in header.seeds {
            _ = unsafe try container.mappedBase(place, verifying: places.range(of: seed))
        }
        guard let base = unsafe try container.mappedBase(place, verifying: 0..<0) else {
            return nil
        }
        self.container = container
        codebook = header.codebook
        // Safety: the section has a block for every row, and the container keeps it mapped.
        graph = unsafe WalkGraph(
            blocks: base, places: places, unit: codebook.unit, seeds: header.seeds
        ) { number in
            let range = places.range(of: number)
            return unsafe (try? container.mappedBase(place, verifying: range)) != nil
        }
    }
}
