// The section `entry`: where a walk over a segment's graph begins.

/// Entry points of a segment, in the order a search takes them; the first is the graph's start.
public struct EntryPoints: Hashable, Sendable {
    /// The rows; at least one.
    public var ordinals: [RowOrdinal]

    /// Entry points at these rows.
    public init(_ ordinals: [RowOrdinal]) { self.ordinals = ordinals }

    /// The most entry points a segment has.
    public static let maximumCount = 65_536

    /// The bytes of the section.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 4 + 4 * ordinals.count)
        writer.append(UInt32(ordinals.count))
        for ordinal in ordinals { writer.append(ordinal.rawValue) }
        return writer.bytes
    }

    /// Reads the section of a segment of `rowCount` rows.
    public init(
        decoding bytes: RawSpan, at offset: UInt64 = 0, rowCount: Int
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: "entry", baseOffset: offset)
        let count = Int(try reader.readUInt32())
        guard (1...Self.maximumCount).contains(count) else {
            throw reader.error(.invalidValue, "\(count) entry points")
        }
        var ordinals: [RowOrdinal] = []
        for _ in 0..<count {
            let ordinal = RowOrdinal(try reader.readUInt32())
            guard ordinal.index < rowCount else {
                throw reader.error(.invalidValue, "entry point \(ordinal.rawValue)")
            }
            ordinals.append(ordinal)
        }
        try reader.expectEnd()
        self.init(ordinals)
    }
}
