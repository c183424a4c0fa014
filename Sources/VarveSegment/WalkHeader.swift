// The section `walk.header`: what the blocks of the walk mean, and where walks begin.

import VarveFormat
import VarveKernels
import VarveQuantization

/// The codebook of the walk's blocks, their places, and those that a walk may begin at.
struct WalkHeader: Sendable {
    /// What the blocks mean.
    let codebook: NeighbourCodebook
    /// Where they stand.
    let places: WalkBlockPlaces
    /// Blocks to begin at.
    let seeds: [BlockNumber]

    /// The most blocks a walk may begin at.
    static let maximumSeedCount = 4_096

    /// A header of these parts.
    init(codebook: NeighbourCodebook, places: WalkBlockPlaces, seeds: [BlockNumber]) {
        self.codebook = codebook
        self.places = places
        self.seeds = seeds
    }

    /// The bytes of the section: codebook, ends of groups, count, blocks.
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        codebook.encode(into: &writer)
        for end in places.groupEnds { writer.append(end) }
        writer.append(UInt32(seeds.count))
        for seed in seeds { writer.append(seed.rawValue) }
        return writer.bytes
    }

    /// Reads the section of a segment that `description` describes.
    init(
        decoding bytes: RawSpan, at offset: UInt64, of description: SegmentDescription
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: "walk.header", baseOffset: offset)
        codebook = try NeighbourCodebook(from: &reader)
        let layout = codebook.layout
        guard layout.dimension == description.schema.dimension,
            layout.isLifted == (description.schema.metric == .innerProduct),
            layout.maxDegree == description.maximumDegree
        else {
            throw reader.error(.invalidValue, "blocks for vectors of another shape")
        }
        var ends: [UInt32] = []
        for _ in 1..<layout.groupCount { ends.append(try reader.readUInt32()) }
        guard
            let places = WalkBlockPlaces(
                layout: layout, blockCount: description.rowCount, groupEnds: ends)
        else { throw reader.error(.invalidValue, "blocks end at \(ends)") }
        self.places = places
        let count = Int(try reader.readUInt32())
        guard (1...Self.maximumSeedCount).contains(count), reader.remaining == count * 4 else {
            throw reader.error(.invalidValue, "\(count) seeds in \(reader.remaining) bytes")
        }
        var seeds: [BlockNumber] = []
        for _ in 0..<count {
            let seed = BlockNumber(try reader.readUInt32())
            guard seed.index < description.rowCount else {
                throw reader.error(.invalidValue, "seed \(seed.rawValue)")
            }
            seeds.append(seed)
        }
        self.seeds = seeds
    }
}
