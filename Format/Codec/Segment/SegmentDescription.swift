// The section `schema`: what a segment is, apart from its rows.

/// What a segment says about itself.
public struct SegmentDescription: Hashable, Sendable {
    /// How the ids of the rows are stored.
    public enum IdentifierKind: UInt8, Sendable {
        /// Every id is a number: eight bytes each.
        case numbers = 0
        /// Any ids: offsets, then tagged bytes.
        case tagged = 1
    }

    /// How the graph was built; enough to build it again.
    public struct Graph: Hashable, Sendable {
        /// Width of the searches that built it.
        public var buildWidth: UInt32
        /// The pruning factor.
        public var alpha: Float
        /// How far lists may grow over the degree before they are pruned.
        public var slack: Float
        /// The seed of every choice made while building.
        public var seed: UInt64
        /// Merges the graph has been through since it was last built as a whole.
        public var mergeCount: UInt8

        /// Parameters of these parts.
        public init(
            buildWidth: UInt32, alpha: Float, slack: Float, seed: UInt64, mergeCount: UInt8 = 0
        ) {
            self.buildWidth = buildWidth
            self.alpha = alpha
            self.slack = slack
            self.seed = seed
            self.mergeCount = mergeCount
        }
    }

    /// The shape of every vector.
    public var schema: Schema
    /// Rows in the segment, deleted ones included; at least one.
    public var rowCount: Int
    /// The most neighbours a row has.
    public var maximumDegree: Int
    /// How ids are stored.
    public var identifierKind: IdentifierKind
    /// The first and last sequence number of the writes in it.
    public var sequences: ClosedRange<SequenceNumber>
    /// How the graph was built.
    public var graph: Graph
    /// For inner products: the largest squared norm, to which all vectors are lifted; else zero.
    public var liftNorm2: Float
    /// The attributes that rows of the segment use, by number, ascending.
    public var attributes: [(id: AttributeID, definition: AttributeDefinition)]

    /// A description of these parts.
    public init(
        schema: Schema, rowCount: Int, maximumDegree: Int, identifierKind: IdentifierKind,
        sequences: ClosedRange<SequenceNumber>, graph: Graph, liftNorm2: Float = 0,
        attributes: [(id: AttributeID, definition: AttributeDefinition)] = []
    ) {
        self.schema = schema
        self.rowCount = rowCount
        self.maximumDegree = maximumDegree
        self.identifierKind = identifierKind
        self.sequences = sequences
        self.graph = graph
        self.liftNorm2 = liftNorm2
        self.attributes = attributes
    }

    /// The most neighbours a row may have in any segment.
    public static let degreeRange = 1...1_024
    /// The rows a segment may have.
    public static let rowCountRange = 1...0x7FFF_FFFF

    public static func == (a: Self, b: Self) -> Bool { a.encoded() == b.encoded() }

    public func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }

    /// The geometry of the node pages.
    public var nodeLayout: NodeLayout {
        NodeLayout(schema: schema, maximumDegree: maximumDegree, rowCount: rowCount)
    }
}

extension SegmentDescription {
    /// The bytes of the section.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.append(UInt32(schema.dimension))
        writer.append(schema.metric.rawValue)
        writer.append(schema.elementType.rawValue)
        writer.append(identifierKind.rawValue)
        writer.append(graph.mergeCount)
        writer.append(UInt32(rowCount))
        writer.append(UInt32(maximumDegree))
        writer.append(sequences.lowerBound.rawValue)
        writer.append(sequences.upperBound.rawValue)
        writer.append(graph.buildWidth)
        writer.append(graph.alpha)
        writer.append(graph.slack)
        writer.append(liftNorm2)
        writer.append(graph.seed)
        writer.append(UInt32(attributes.count))
        for (id, definition) in attributes {
            writer.append(id.rawValue)
            writer.append(definition.type.rawValue)
            writer.appendText(definition.name)
        }
        return writer.bytes
    }

    /// Reads the section and checks every value against its range.
    public init(decoding bytes: RawSpan, at offset: UInt64 = 0) throws(FormatError) {
        var reader = ByteReader(bytes, section: "schema", baseOffset: offset)
        let dimension = Int(try reader.readUInt32())
        let metric = Metric(rawValue: try reader.readUInt8())
        let element = ElementType(rawValue: try reader.readUInt8())
        let kind = IdentifierKind(rawValue: try reader.readUInt8())
        let mergeCount = try reader.readUInt8()
        guard let metric, let element, let kind,
            Schema.dimensionRange.contains(dimension)
        else {
            throw reader.error(.invalidValue, "metric, element type, id kind or dimension unknown")
        }
        let rows = Int(try reader.readUInt32())
        let degree = Int(try reader.readUInt32())
        guard Self.rowCountRange.contains(rows), Self.degreeRange.contains(degree) else {
            throw reader.error(.invalidValue, "\(rows) rows of degree \(degree)")
        }
        let first = SequenceNumber(try reader.readUInt64())
        let last = SequenceNumber(try reader.readUInt64())
        guard first <= last else {
            throw reader.error(.invalidValue, "sequences \(first.rawValue) to \(last.rawValue)")
        }
        let width = try reader.readUInt32()
        let (alpha, slack) = (try reader.readFloat(), try reader.readFloat())
        let lift = try reader.readFloat()
        guard alpha.isFinite, slack.isFinite, lift.isFinite, lift >= 0 else {
            throw reader.error(.invalidValue, "a parameter is not finite")
        }
        let seed = try reader.readUInt64()
        self.init(
            schema: Schema(dimension: dimension, metric: metric, elementType: element),
            rowCount: rows, maximumDegree: degree, identifierKind: kind, sequences: first...last,
            graph: Graph(
                buildWidth: width, alpha: alpha, slack: slack, seed: seed, mergeCount: mergeCount),
            liftNorm2: lift)
        attributes = try Self.readAttributes(from: &reader)
        try reader.expectEnd()
    }

    @_lifetime(reader: copy reader)
    private static func readAttributes(
        from reader: inout ByteReader
    ) throws(FormatError) -> [(id: AttributeID, definition: AttributeDefinition)] {
        let count = Int(try reader.readUInt32())
        guard count <= 65_536 else {
            throw reader.error(.invalidValue, "\(count) attributes")
        }
        var attributes: [(id: AttributeID, definition: AttributeDefinition)] = []
        for _ in 0..<count {
            let id = AttributeID(try reader.readUInt16())
            guard let type = AttributeType(rawValue: try reader.readUInt8()) else {
                throw reader.error(.tooNew, "unknown type of attribute \(id.rawValue)")
            }
            let name = try reader.readText(limit: 255, "attribute name")
            if let last = attributes.last, last.id >= id {
                throw reader.error(.invalidValue, "attributes are not in ascending order")
            }
            guard !name.isEmpty else { throw reader.error(.invalidValue, "empty attribute name") }
            attributes.append((id, AttributeDefinition(name: name, type: type)))
        }
        return attributes
    }
}
