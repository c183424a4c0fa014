// What the codes of a graph's walk blocks mean.

public import VarveFormat
public import VarveKernels

/// Everything a reader needs beside the blocks: their layout, the rotation and the unit of the
/// factors.
///
/// The centroids themselves are constants: after the rotation, points fitted to a normal
/// distribution serve all data, so nothing is trained and nothing goes stale.
public struct NeighbourCodebook: Sendable {
    /// Where the parts of a block lie.
    public let layout: WalkBlockLayout
    /// The rotation of the vectors.
    public let rotation: Rotation
    /// The mean distance of neighbours, which the factors are relative to; positive and finite.
    public let unit: Float

    /// A codebook of these parts; the rotation has the layout's shape.
    public init(layout: WalkBlockLayout, rotation: Rotation, unit: Float) {
        precondition(rotation.shape == layout.shape)
        precondition(unit > 0 && unit.isFinite)
        self.layout = layout
        self.rotation = rotation
        self.unit = unit
    }

    /// The section of the specification these bytes are described in.
    static let section = "walk codebook"

    /// Appends the codebook's bytes: 24 and four for each component of the mean.
    public func encode(into writer: inout ByteWriter) {
        writer.append(UInt32(layout.dimension))
        writer.append(UInt16(layout.maxDegree))
        writer.append(UInt8(layout.shape.subspaceDimension))
        writer.append(UInt8(layout.isLifted ? 1 : 0))
        writer.append(rotation.seed)
        writer.append(unit)
        writer.append(UInt32(0))
        for component in rotation.mean { writer.append(component) }
    }

    /// Reads what ``encode(into:)`` wrote, and nothing behind it.
    @_lifetime(reader: copy reader)
    public init(from reader: inout ByteReader) throws(FormatError) {
        let dimension = Int(try reader.readUInt32())
        guard Schema.dimensionRange.contains(dimension) else {
            throw reader.error(.invalidValue, "dimension \(dimension)")
        }
        let maxDegree = Int(try reader.readUInt16())
        guard (1...1_024).contains(maxDegree) else {
            throw reader.error(.invalidValue, "degree \(maxDegree), 1 to 1,024 allowed")
        }
        let subspaceDimension = Int(try reader.readUInt8())
        guard [2, 4, 8].contains(subspaceDimension) else {
            throw reader.error(.invalidValue, "\(subspaceDimension) dimensions a sub-space")
        }
        let lift = try reader.readUInt8()
        guard lift <= 1 else { throw reader.error(.invalidValue, "lift \(lift), 0 or 1 allowed") }
        let seed = try reader.readUInt64()
        let unit = try reader.readFloat()
        guard unit > 0, unit.isFinite else { throw reader.error(.invalidValue, "unit \(unit)") }
        let reserved = try reader.readUInt32()
        guard reserved == 0 else { throw reader.error(.invalidValue, "reserved bytes not zero") }
        let layout = WalkBlockLayout(
            dimension: dimension, isLifted: lift == 1, maxDegree: maxDegree,
            subspaceDimension: subspaceDimension)
        guard reader.remaining >= layout.shape.dimension * 4 else {
            throw reader.error(.truncated, "a mean of \(layout.shape.dimension) components")
        }
        var mean: [Float] = []
        mean.reserveCapacity(layout.shape.dimension)
        for _ in 0..<layout.shape.dimension {
            let component = try reader.readFloat()
            guard component.isFinite else {
                throw reader.error(.invalidValue, "mean component \(component)")
            }
            mean.append(component)
        }
        self.init(
            layout: layout, rotation: Rotation(shape: layout.shape, seed: seed, mean: mean),
            unit: unit)
    }
}
