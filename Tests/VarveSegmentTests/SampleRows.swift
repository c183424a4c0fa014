// Rows made from a seed.

import VarveFormat
import VarveSegment

/// Rows that are a function of their seed.
struct SampleRows: SegmentRows {
    let schema: Schema
    let ids: [RecordID]
    let vectors: [[UInt8]]
    let records: [[UInt8]]

    var rowCount: Int { ids.count }

    func id(_ ordinal: RowOrdinal) throws(SegmentError) -> RecordID { ids[ordinal.index] }

    func withVector(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        unsafe vectors[ordinal.index].withUnsafeBytes { unsafe body($0) }
    }

    func withAttributes(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        unsafe records[ordinal.index].withUnsafeBytes { unsafe body($0) }
    }
}

/// A sequence of numbers that is a function of its seed.
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = splitMix64(seed) }

    mutating func next() -> UInt64 {
        state &+= 1
        return splitMix64(state)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// From -1 to 1.
    mutating func float() -> Float { Float(Int64(next() >> 40) - (1 << 23)) / Float(1 << 23) }
}

extension SampleRows {
    /// How ids are made.
    enum Identifiers: CaseIterable { case numbers, texts, mixed }

    init(
        schema: Schema, rowCount: Int, identifiers: Identifiers = .numbers, seed: UInt64
    ) {
        var numbers = Numbers(seed: seed)
        var ids: [RecordID] = []
        var seen: Set<UInt64> = []
        while ids.count < rowCount {
            let value = numbers.next() >> (identifiers == .numbers ? 0 : 40)
            guard seen.insert(value).inserted else { continue }
            switch identifiers {
            case .numbers: ids.append(.number(value))
            case .texts: ids.append(.text("row-\(value)"))
            case .mixed: ids.append(value % 2 == 0 ? .number(value) : .text("\(value)"))
            }
        }
        self.schema = schema
        self.ids = ids
        vectors = (0..<rowCount).map { _ in SampleRows.vector(schema, &numbers) }
        records = (0..<rowCount).map { row in
            row % 3 == 0
                ? []
                : AttributeRecord.encode([(AttributeID(0), .string("colour \(row % 7)"))])
        }
    }

    /// The bytes of a random vector.
    static func vector(_ schema: Schema, _ numbers: inout Numbers) -> [UInt8] {
        var floats = (0..<schema.dimension).map { _ in numbers.float() }
        if schema.metric == .cosine {
            let norm = floats.reduce(0) { $0 + $1 * $1 }.squareRoot()
            floats = floats.map { $0 / norm }
        }
        var writer = ByteWriter()
        for float in floats {
            switch schema.elementType {
            case .float32: writer.append(float)
            case .float16: writer.append(Float16(float).bitPattern)
            case .uint8: writer.append(UInt8((float + 1) * 127))
            case .int8: writer.append(UInt8(bitPattern: Int8(float * 127)))
            }
        }
        return writer.bytes
    }
}
