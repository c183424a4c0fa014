// What stands before the vectors in files of vectors; see VectorFile.swift for the reader.

import VarveFormat

/// The beginnings of files of vectors.
enum VectorFileHeader {
    /// The bytes before the first vector of a file called `name`.
    static func bytes(
        _ name: String, rowCount: Int, dimension: Int, _ type: ElementType
    ) -> [UInt8] {
        guard VectorFileFormat(name: name) == .npy else {
            var writer = ByteWriter()
            writer.append(UInt32(rowCount))
            writer.append(UInt32(dimension))
            return writer.bytes
        }
        let dictionary =
            "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rowCount), \(dimension)), }"
        // The whole header is a multiple of 64 bytes and ends with a line end.
        let byteCount = 10 + dictionary.utf8.count + 1
        let padding = (64 - byteCount % 64) % 64
        var writer = ByteWriter()
        writer.append(UInt8(0x93))
        writer.append(contentsOf: "NUMPY".utf8)
        writer.append(UInt8(1))
        writer.append(UInt8(0))
        writer.append(UInt16(byteCount + padding - 10))
        writer.append(contentsOf: dictionary.utf8)
        writer.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        writer.append(UInt8(ascii: "\n"))
        return writer.bytes
    }
}

extension ByteWriter {
    /// Appends a vector that `type` holds exactly.
    mutating func append(_ vector: [Float], as type: ElementType) {
        for component in vector {
            switch type {
            case .float32: append(component)
            case .float16: append(Float16(component).bitPattern)
            case .uint8: append(UInt8(component))
            case .int8: append(UInt8(bitPattern: Int8(component)))
            }
        }
    }
}
