// Files of rows of numbers: .fbin, .f16bin, .u8bin, .i8bin and .ibin, mapped and read row by row.

import Glibc
import VarveKernels

/// A file that cannot be read as a matrix.
struct MatrixFileProblem: Error, CustomStringConvertible {
    var description: String
}

/// A mapped file of little-endian uint32 rows, uint32 columns, then the values row by row.
///
/// Pages come in as rows are read and may be dropped by the kernel; nothing is copied.
@safe final class MatrixFile: @unchecked Sendable {
    // Invariant for Sendable: nothing changes after initialisation, and nobody writes to the
    // mapping.

    /// What a value is; the file's name tells.
    enum Element: String, CaseIterable {
        case float32 = "fbin"
        case float16 = "f16bin"
        case uint8 = "u8bin"
        case int8 = "i8bin"
        case int32 = "ibin"

        /// Bytes a value takes.
        var byteCount: Int {
            switch self {
            case .float32, .int32: 4
            case .float16: 2
            case .uint8, .int8: 1
            }
        }

        /// As what vectors are made of; nil for whole numbers of 32 bits.
        var vectorElement: VectorElement? {
            switch self {
            case .float32: .float32
            case .float16: .float16
            case .uint8: .uint8
            case .int8: .int8
            case .int32: nil
            }
        }
    }

    /// Rows in the file.
    let rowCount: Int
    /// Values a row has.
    let columnCount: Int
    /// What a value is.
    let element: Element
    private let bytes: UnsafeRawBufferPointer

    /// Maps the file at `path`, which must be as long as its header says.
    init(_ path: String) throws {
        let ending = path.split(separator: ".").last.map(String.init) ?? ""
        guard let element = Element(rawValue: ending) else {
            throw MatrixFileProblem(
                description: "\(path): not .fbin, .f16bin, .u8bin, .i8bin or .ibin")
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw MatrixFileProblem(description: "\(path): cannot open") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size >= 8 else {
            throw MatrixFileProblem(description: "\(path): no header")
        }
        let count = Int(status.st_size)
        guard let start = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
            unsafe start != MAP_FAILED
        else { throw MatrixFileProblem(description: "\(path): cannot map") }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        rowCount = Int(UInt32(littleEndian: unsafe bytes.loadUnaligned(as: UInt32.self)))
        columnCount = Int(
            UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        self.element = element
        unsafe self.bytes = bytes
        guard columnCount > 0, count - 8 == rowCount * columnCount * element.byteCount else {
            throw MatrixFileProblem(
                description:
                    "\(path): \(rowCount) × \(columnCount) \(element) do not make \(count) bytes")
        }
    }

    deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    /// Row `index` as floats.
    func floats(_ index: Int) -> [Float] {
        let row = unsafe rowBytes(index)
        return unsafe [Float](unsafeUninitializedCapacity: columnCount) { target, count in
            guard let source = row.baseAddress, let start = target.baseAddress else { return }
            count = columnCount
            if let stored = element.vectorElement {
                unsafe VectorConversion.widen(
                    source, count: columnCount, from: stored, into: start)
            } else {
                for (column, number) in integers(index).enumerated() {
                    unsafe target.initializeElement(at: column, to: Float(number))
                }
            }
        }
    }

    /// Row `index` of a file of whole numbers.
    func integers(_ index: Int) -> [Int] {
        precondition(element == .int32, "not a file of whole numbers")
        let row = unsafe rowBytes(index)
        return (0..<columnCount).map { column in
            Int(
                Int32(
                    littleEndian: unsafe row.loadUnaligned(
                        fromByteOffset: column * 4, as: Int32.self)))
        }
    }

    private func rowBytes(_ index: Int) -> UnsafeRawBufferPointer {
        precondition((0..<rowCount).contains(index), "row \(index) is not in the file")
        let byteCount = columnCount * element.byteCount
        // Safety: the header was checked against the length of the file.
        return unsafe UnsafeRawBufferPointer(
            rebasing: bytes[8 + index * byteCount..<8 + (index + 1) * byteCount])
    }
}
