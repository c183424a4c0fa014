// Stored vectors and attributes as text.

import Varve
import VarveFormat
import VarveKernels

/// Turns the bytes of stored vectors into numbers and text.
enum VectorText {
    /// The components of a stored vector.
    static func floats(_ bytes: some Collection<UInt8>, _ schema: Schema) -> [Float] {
        let bytes = Array(bytes)
        var vector = [Float](repeating: 0, count: schema.dimension)
        guard bytes.count == schema.vectorByteCount else { return vector }
        unsafe bytes.withUnsafeBytes { source in
            unsafe vector.withUnsafeMutableBufferPointer { buffer in
                guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
                unsafe VectorConversion.widen(
                    from, count: schema.dimension, from: schema.elementType.kernelElement,
                    into: to)
            }
        }
        return vector
    }

    /// The first components, with how many there are.
    static func short(_ bytes: some Collection<UInt8>, _ schema: Schema) -> String {
        let vector = floats(bytes, schema)
        let digits = schema.elementType.isWhole ? 0 : 4
        let first = vector.prefix(4).map { Units.fixed(Double($0), digits) }
        return "[" + first.joined(separator: " ") + (vector.count > 4 ? " ..." : "") + "]"
    }

    /// Squared Euclidean distance, one minus cosine or the negated inner product.
    static func distance(_ a: [Float], _ b: [Float], _ metric: Metric) -> Double {
        var sum = 0.0
        for (x, y) in zip(a, b) {
            let (x, y) = (Double(x), Double(y))
            sum += metric == .euclidean ? (x - y) * (x - y) : x * y
        }
        return switch metric {
        case .euclidean: sum
        case .cosine: 1 - sum
        case .innerProduct: -sum
        }
    }

    /// The vector of length one that points the same way; zeros stay zeros.
    static func normalised(_ vector: [Float]) -> [Float] {
        let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return norm == 0 ? vector : vector.map { Float(Double($0) / norm) }
    }

    /// A value as text.
    static func text(_ value: AttributeValue) -> String {
        switch value {
        case .string(let text): "\"\(text)\""
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .date(let microseconds): Units.time(microseconds)
        case .strings(let texts):
            "[" + texts.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
    }

    /// A row's attribute record as text; nil if it cannot be read.
    static func text(
        _ record: [UInt8], _ names: [AttributeDefinition]
    ) -> String? {
        if record.isEmpty { return "" }
        // Safety: every pattern of bits is a byte.
        let values = try? AttributeRecord(unsafe record.span.bytes, baseOffset: 0).decoded()
        return values?.map { id, value in
            let index = Int(id.rawValue)
            return (index < names.count ? names[index].name : "#\(index)") + "=" + text(value)
        }.joined(separator: " ")
    }
}

extension ElementType {
    /// The same type, as the kernels call it.
    var kernelElement: VectorElement {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .uint8: .uint8
        case .int8: .int8
        }
    }

    /// Whether components are whole numbers.
    var isWhole: Bool { self == .uint8 || self == .int8 }
}
