// The section `canary`: stored queries whose exact answers are known, so that recall can be checked
// for ever.

/// Queries with known answers, and how wide a search must be to find them.
public struct SegmentCanary: Hashable, Sendable {
    /// One query.
    public struct Query: Hashable, Sendable {
        /// The components, in the schema's dimension; normalised where the metric is cosine.
        public var vector: [Float]
        /// The nearest rows, nearest first.
        public var nearest: [RowOrdinal]

        /// A query of these parts.
        public init(vector: [Float], nearest: [RowOrdinal]) {
            self.vector = vector
            self.nearest = nearest
        }
    }

    /// The queries, at most 64.
    public var queries: [Query]
    /// Search widths that reached recall .90, .95 and .99 when the segment was sealed; zero where
    /// none did.
    public var widths: [UInt32]
    /// Slacks with which walks over the segment's blocks reached those recalls, from rows of the
    /// segment that were left out and from points beyond rows; −1 where none did, or there are no
    /// blocks.
    public var slacks: [Float]

    /// A canary of these parts; `widths` and `slacks` have three elements each.
    public init(queries: [Query], widths: [UInt32], slacks: [Float]) {
        precondition(widths.count == Self.recallTargets.count)
        precondition(slacks.count == Self.recallTargets.count)
        self.queries = queries
        self.widths = widths
        self.slacks = slacks
    }

    /// The most queries a canary has.
    public static let maximumQueryCount = 64
    /// Rows a query's answer has, where the segment has as many.
    public static let nearestCount = 10
    /// What ``widths`` were measured for.
    public static let recallTargets: [Double] = [0.90, 0.95, 0.99]

    /// The bytes of the section.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(UInt32(queries.count))
        for width in widths { writer.append(width) }
        for slack in slacks { writer.append(slack) }
        for query in queries {
            for component in query.vector { writer.append(component) }
            writer.append(UInt32(query.nearest.count))
            for ordinal in query.nearest { writer.append(ordinal.rawValue) }
        }
        return writer.bytes
    }

    /// Reads the section of a segment of `rowCount` rows of `dimension` components.
    public init(
        decoding bytes: RawSpan, at offset: UInt64 = 0, dimension: Int, rowCount: Int
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: "canary", baseOffset: offset)
        let count = Int(try reader.readUInt32())
        guard count <= Self.maximumQueryCount else {
            throw reader.error(.invalidValue, "\(count) queries")
        }
        var widths: [UInt32] = []
        for _ in Self.recallTargets { widths.append(try reader.readUInt32()) }
        var slacks: [Float] = []
        for _ in Self.recallTargets {
            let slack = try reader.readFloat()
            guard slack == -1 || (0...16).contains(slack) else {
                throw reader.error(.invalidValue, "slack \(slack)")
            }
            slacks.append(slack)
        }
        var queries: [Query] = []
        for _ in 0..<count {
            var query = Query(vector: [], nearest: [])
            for _ in 0..<dimension {
                let component = try reader.readFloat()
                guard component.isFinite else {
                    throw reader.error(.invalidValue, "a component is not finite")
                }
                query.vector.append(component)
            }
            let answers = Int(try reader.readUInt32())
            guard answers == min(Self.nearestCount, rowCount) else {
                throw reader.error(.invalidValue, "\(answers) answers")
            }
            for _ in 0..<answers {
                let ordinal = RowOrdinal(try reader.readUInt32())
                guard ordinal.index < rowCount, !query.nearest.contains(ordinal) else {
                    throw reader.error(.invalidValue, "answer \(ordinal.rawValue)")
                }
                query.nearest.append(ordinal)
            }
            queries.append(query)
        }
        try reader.expectEnd()
        self.init(queries: queries, widths: widths, slacks: slacks)
    }
}
