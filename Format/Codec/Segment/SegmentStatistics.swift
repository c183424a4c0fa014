// The section `statistics`: figures of a sealed segment that need no reading of its rows.

/// Figures measured when a segment was sealed.
public struct SegmentStatistics: Hashable, Sendable {
    /// A figure with a name, for people and for planning.
    public struct Figure: Hashable, Sendable {
        /// 1 to 64 bytes of ASCII, with the unit in it.
        public var name: String
        /// The value; finite.
        public var value: Double

        /// A figure of these parts.
        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// How many rows have how many neighbours, from none to the segment's degree.
    public var degreeHistogram: [UInt64]
    /// Figures in ascending order of their names.
    public var figures: [Figure]

    /// Statistics of these parts.
    public init(degreeHistogram: [UInt64], figures: [Figure] = []) {
        self.degreeHistogram = degreeHistogram
        self.figures = figures
    }

    /// The value of the figure called `name`.
    public subscript(name: String) -> Double? { figures.first { $0.name == name }?.value }

    /// The bytes of the section.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(UInt32(degreeHistogram.count))
        for count in degreeHistogram { writer.append(count) }
        writer.append(UInt32(figures.count))
        for figure in figures {
            writer.appendText(figure.name)
            writer.append(figure.value)
        }
        return writer.bytes
    }

    /// Reads the section of a segment of `maximumDegree`.
    public init(
        decoding bytes: RawSpan, at offset: UInt64 = 0, maximumDegree: Int
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: "statistics", baseOffset: offset)
        let count = Int(try reader.readUInt32())
        guard count == maximumDegree + 1 else {
            throw reader.error(.invalidValue, "\(count) degrees, expected \(maximumDegree + 1)")
        }
        var histogram: [UInt64] = []
        for _ in 0..<count { histogram.append(try reader.readUInt64()) }
        let figureCount = Int(try reader.readUInt32())
        guard figureCount <= 1_024 else {
            throw reader.error(.invalidValue, "\(figureCount) figures")
        }
        var figures: [Figure] = []
        for _ in 0..<figureCount {
            let name = try reader.readText(limit: 64, "name of a figure")
            let value = try reader.readDouble()
            guard value.isFinite, !name.isEmpty, figures.last.map({ $0.name < name }) ?? true
            else {
                throw reader.error(.invalidValue, "figure \(name) is not finite or out of order")
            }
            figures.append(Figure(name: name, value: value))
        }
        try reader.expectEnd()
        self.init(degreeHistogram: histogram, figures: figures)
    }
}
