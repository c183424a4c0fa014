// What the tests of this module share: random numbers, vectors, memtables.

import VarveFormat
import VarveKernels
import VarveMemtable

/// SplitMix64 as a generator: one seed, one history.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = splitMix64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return splitMix64(state)
    }

    /// A float between -1 and 1.
    mutating func float() -> Float { Float.random(in: -1...1, using: &self) }
}

/// The bytes a vector is stored as.
func stored(_ vector: [Float], _ schema: Schema) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: schema.vectorByteCount)
    let element = VectorElement(rawValue: schema.elementType.rawValue) ?? .float32
    unsafe bytes.withUnsafeMutableBytes { destination in
        guard let base = destination.baseAddress else { return }
        let refused = unsafe VectorConversion.convert(
            vector, count: vector.count, to: element, into: base)
        precondition(refused == nil, "the element type cannot hold component \(refused ?? 0)")
    }
    return bytes
}

/// The vector that bytes of the schema stand for.
func widened(_ bytes: UnsafeRawBufferPointer, _ schema: Schema) -> [Float] {
    var vector = [Float](repeating: 0, count: schema.dimension)
    let element = VectorElement(rawValue: schema.elementType.rawValue) ?? .float32
    guard let base = bytes.baseAddress else { return vector }
    unsafe VectorConversion.widen(base, count: schema.dimension, from: element, into: &vector)
    return vector
}

/// A random vector that the schema can hold: whole numbers for the byte types, unit length under
/// cosine.
func randomVector(_ schema: Schema, _ generator: inout SeededGenerator) -> [Float] {
    var vector = (0..<schema.dimension).map { _ in
        switch schema.elementType {
        case .float32, .float16: generator.float()
        case .uint8: Float(Int.random(in: 0...255, using: &generator))
        case .int8: Float(Int.random(in: -128...127, using: &generator))
        }
    }
    if schema.metric == .cosine {
        _ = unsafe VectorConversion.normalise(&vector, count: vector.count)
    }
    return vector
}

/// The distance as a plain loop computes it, in double precision.
func plainDistance(_ query: [Float], _ row: [Float], _ metric: Metric) -> Double {
    var squares = 0.0
    var product = 0.0
    for (a, b) in zip(query, row) {
        squares += Double(a - b) * Double(a - b)
        product += Double(a) * Double(b)
    }
    switch metric {
    case .euclidean: return squares
    case .cosine: return 1 - product
    case .innerProduct: return -product
    }
}

func makeMemtable(
    _ schema: Schema, byteLimit: Int = 64 << 20, source: UInt64 = 1
) throws -> Memtable {
    try Memtable(
        schema: schema, sourceID: SegmentID(source),
        capacity: MemtableCapacity(schema: schema, byteLimit: byteLimit))
}

extension Memtable {
    /// Writes a row given as floats and text.
    @discardableResult
    func put(_ id: RecordID, _ vector: [Float], _ attributes: [UInt8] = []) -> WriteReceipt {
        let bytes = stored(vector, schema)
        return unsafe bytes.withUnsafeBytes { vector in
            unsafe attributes.withUnsafeBytes { unsafe upsert(id, vector: vector, attributes: $0) }
        }
    }
}

/// A random id out of few: numbers and texts, short and long.
func randomID(_ generator: inout SeededGenerator, below limit: UInt64) -> RecordID {
    let number = UInt64.random(in: 0..<limit, using: &generator)
    switch number % 4 {
    case 0: return .text("t\(number)")
    case 1: return .text(String(repeating: "long text ", count: 3) + "é\(number)")
    default: return .number(number &* 0x0100_0000_0001)
    }
}
