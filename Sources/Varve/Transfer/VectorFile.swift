// Files of vectors: .fbin, .f16bin, .u8bin, .i8bin and .npy.

import VarveFormat
import VarveStorage

/// What a file of vectors says of itself: rows of equal length, one after the other.
struct VectorFileShape: Hashable {
    var rowCount: Int
    var dimension: Int
    var elementType: ElementType
    /// Where the first vector begins.
    var dataOffset: UInt64

    /// Bytes one vector takes.
    var rowByteCount: Int { dimension * elementType.byteCount }
}

/// The kinds of file a vector may stand in.
enum VectorFileFormat: Hashable {
    /// Two little-endian `uint32` (rows, columns), then the components row by row.
    case bin(ElementType)
    /// NumPy's format, versions 1 to 3, two dimensions, C order, `<f4`, `<f2`, `|u1` or `|i1`.
    case npy

    /// The format a file's name tells; nil for any other.
    init?(name: String) {
        switch name.split(separator: ".").last {
        case "fbin": self = .bin(.float32)
        case "f16bin": self = .bin(.float16)
        case "u8bin": self = .bin(.uint8)
        case "i8bin": self = .bin(.int8)
        case "npy": self = .npy
        default: return nil
        }
    }
}

/// Why a file of vectors cannot be read.
enum VectorFileError: Error {
    case storage(StorageError)
    case malformed(String)
}

/// Reads vectors from a file in order, in bounded memory.
struct VectorFileReader {
    let shape: VectorFileShape
    private let file: any StoredFile
    private var window: [UInt8] = []
    private var windowStart = 0
    private var windowRowCount = 0
    private static let windowByteCount = 1 << 20

    /// Opens `path` and checks that the file is as long as its header says.
    init(_ fileSystem: any FileSystem, _ path: FilePath) throws(VectorFileError) {
        guard let format = VectorFileFormat(name: path.name) else {
            throw .malformed("\(path.name): not .fbin, .f16bin, .u8bin, .i8bin or .npy")
        }
        do {
            file = try fileSystem.open(path, .read)
            let byteCount = try file.byteCount()
            let head = try file.readBytes(count: Int(min(byteCount, 65_536)), at: 0)
            switch format {
            case .bin(let type): shape = try Self.binShape(head, type)
            case .npy: shape = try Self.npyShape(head)
            }
            let needed = shape.dataOffset + UInt64(shape.rowCount) * UInt64(shape.rowByteCount)
            guard byteCount >= needed else {
                throw VectorFileError.malformed(
                    "\(path.name): \(shape.rowCount) rows need \(needed) bytes, not \(byteCount)"
                )
            }
        } catch let error as StorageError {
            throw .storage(error)
        } catch let error as VectorFileError {
            throw error
        } catch {
            throw .malformed("\(path.name): \(error)")
        }
    }

    /// The bytes of row `index`; rows are best read in order.
    mutating func row(_ index: Int) throws(StorageError) -> ArraySlice<UInt8> {
        precondition((0..<shape.rowCount).contains(index), "row \(index) is not in the file")
        if index < windowStart || index >= windowStart + windowRowCount {
            let rowCount = max(1, Self.windowByteCount / max(1, shape.rowByteCount))
            windowRowCount = min(rowCount, shape.rowCount - index)
            windowStart = index
            let offset = shape.dataOffset + UInt64(index) * UInt64(shape.rowByteCount)
            window = try file.readBytes(count: windowRowCount * shape.rowByteCount, at: offset)
        }
        let start = (index - windowStart) * shape.rowByteCount
        return window[start..<start + shape.rowByteCount]
    }

    private static func binShape(
        _ head: [UInt8], _ type: ElementType
    ) throws(VectorFileError) -> VectorFileShape {
        do {
            var reader = unsafe ByteReader(head.span.bytes, section: "vector file header")
            let rowCount = Int(try reader.readUInt32())
            let dimension = Int(try reader.readUInt32())
            guard Schema.dimensionRange.contains(dimension) else {
                throw VectorFileError.malformed("\(dimension) columns, 1 to 65,536 allowed")
            }
            return VectorFileShape(
                rowCount: rowCount, dimension: dimension, elementType: type, dataOffset: 8)
        } catch let error as FormatError {
            throw .malformed("\(error)")
        } catch let error as VectorFileError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// Reads the header NumPy writes: a Python dictionary of `descr`, `fortran_order` and `shape`.
    /// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
    private static func npyShape(_ head: [UInt8]) throws(VectorFileError) -> VectorFileShape {
        guard head.count >= 12, head.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw .malformed("not a NumPy file")
        }
        let wide = head[6] >= 2
        let start = wide ? 12 : 10
        let count =
            Int(head[8]) | Int(head[9]) << 8
            | (wide ? Int(head[10]) << 16 | Int(head[11]) << 24 : 0)
        guard head.count >= start + count else { throw .malformed("NumPy header too long") }
        let text = String(decoding: head[start..<start + count], as: UTF8.self)
        guard text.contains("'fortran_order': False") else {
            throw .malformed("NumPy array is not in C order")
        }
        let types: [(String, ElementType)] = [
            ("'<f4'", .float32), ("'<f2'", .float16), ("'|u1'", .uint8), ("'|i1'", .int8),
        ]
        guard let type = types.first(where: { text.contains($0.0) })?.1 else {
            throw .malformed("NumPy array is not of <f4, <f2, |u1 or |i1")
        }
        guard let open = text.firstIndex(of: "("), let close = text[open...].firstIndex(of: ")")
        else {
            throw .malformed("NumPy header has no shape")
        }
        let sizes = text[text.index(after: open)..<close].split(separator: ",").map { part in
            Int(String(part.filter { $0 != " " }))
        }
        guard sizes.count == 2, let rowCount = sizes[0], let dimension = sizes[1],
            (0...Int(UInt32.max)).contains(rowCount), Schema.dimensionRange.contains(dimension)
        else { throw .malformed("NumPy array is not rows by columns") }
        return VectorFileShape(
            rowCount: rowCount, dimension: dimension, elementType: type,
            dataOffset: UInt64(start + count))
    }
}
