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
    // The blocks lie in the copy or, where there is none, in the container's mapping.
    private let container: SegmentContainer
    private let copy: CopiedSection?

    /// Why a block could not be brought in the last time one could not, if it is known.
    var failure: SegmentError? { copy?.failure }

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
        self.container = container
        codebook = header.codebook
        let copy = container.copiesSections ? CopiedSection(of: place, in: container) : nil
        self.copy = copy
        for seed in header.seeds {
            let range = places.range(of: seed)
            if let copy {
                guard copy.bring(range) else {
                    throw copy.failure ?? container.error(.truncated, section: place, at: 0, "")
                }
            } else {
                _ = unsafe try container.mappedBase(place, verifying: range)
            }
        }
        guard let mapped = unsafe try container.mappedBase(place, verifying: 0..<0) else {
            return nil
        }
        // Safety: the section has a block for every row; copy and container keep it in memory.
        graph = unsafe WalkGraph(
            blocks: copy?.base ?? mapped, places: places, unit: codebook.unit,
            seeds: header.seeds
        ) { number in
            let range = places.range(of: number)
            if let copy { return copy.bring(range) }
            return unsafe (try? container.mappedBase(place, verifying: range)) != nil
        }
    }
}
