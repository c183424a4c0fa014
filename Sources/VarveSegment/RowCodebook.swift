// The section `codebook`: what the codes of the rows were made with.

import VarveFormat
import VarveQuantization
import VarveKernels

/// Rotation and unit of the row codes; the centroids are constants.
struct RowCodebook: Sendable {
    /// The rotation of the vectors.
    let rotation: Rotation
    /// What the factors are relative to; positive and finite.
    let unit: Float

    /// The bytes of the section: 24, and four for each component of the mean.
    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 24 + 4 * rotation.mean.count)
        writer.append(UInt32(rotation.shape.dimension))
        writer.append(UInt32(rotation.shape.subspaceDimension))
        writer.append(rotation.seed)
        writer.append(unit)
        writer.append(UInt32(0))
        for component in rotation.mean { writer.append(component) }
        return writer.bytes
    }

    /// A codebook of these parts.
    init(rotation: Rotation, unit: Float) {
        self.rotation = rotation
        self.unit = unit
    }

    /// Reads the section of a segment whose vectors have `dimension` components, the lift counted.
    init(decoding bytes: RawSpan, at offset: UInt64, dimension: Int) throws(FormatError) {
        var reader = ByteReader(bytes, section: "codebook", baseOffset: offset)
        let found = try reader.readUInt32()
        let subspace = try reader.readUInt32()
        guard found == UInt32(dimension), [1, 2, 4, 8].contains(subspace) else {
            throw reader.error(
                .invalidValue, "\(found) dimensions, \(subspace) a sub-space")
        }
        let seed = try reader.readUInt64()
        unit = try reader.readFloat()
        let reserved = try reader.readUInt32()
        guard unit > 0, unit.isFinite, reserved == 0 else {
            throw reader.error(.invalidValue, "unit \(unit), or reserved bytes not zero")
        }
        guard reader.remaining == 4 * dimension else {
            throw reader.error(.truncated, "\(reader.remaining) bytes of mean")
        }
        var mean: [Float] = []
        mean.reserveCapacity(dimension)
        for _ in 0..<dimension {
            let component = try reader.readFloat()
            guard component.isFinite else {
                throw reader.error(.invalidValue, "a component of the mean is not finite")
            }
            mean.append(component)
        }
        rotation = Rotation(
            shape: CodeShape(dimension: dimension, subspaceDimension: Int(subspace)), seed: seed,
            mean: mean)
    }
}
