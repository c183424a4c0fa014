// The parts of a segment as values and bytes.

import Testing
import VarveFormat

@Suite("Segment codecs")
struct SegmentCodecTests {
    static let description = SegmentDescription(
        schema: Schema(dimension: 384, metric: .cosine, elementType: .float16), rowCount: 1_000,
        maximumDegree: 32, identifierKind: .tagged,
        sequences: SequenceNumber(5)...SequenceNumber(1_004),
        graph: SegmentDescription.Graph(buildWidth: 75, alpha: 1.2, slack: 1.3, seed: 42),
        liftNorm2: 2.5,
        attributes: [
            (AttributeID(0), AttributeDefinition(name: "title", type: .string)),
            (AttributeID(7), AttributeDefinition(name: "größe", type: .double)),
        ])

    @Test func `a description comes back`() throws {
        let bytes = Self.description.encoded()
        let back = unsafe try SegmentDescription(decoding: bytes.span.bytes)
        #expect(back == Self.description)
        #expect(back.attributes.map(\.definition.name) == ["title", "größe"])
        #expect(back.nodeLayout.recordsPerPage == 9)
    }

    @Test func `no damage to a description traps`() throws {
        Self.damage(Self.description.encoded()) { bytes throws(FormatError) in
            _ = unsafe try SegmentDescription(decoding: bytes.span.bytes)
        }
    }

    @Test func `statistics come back`() throws {
        let statistics = SegmentStatistics(
            degreeHistogram: [0, 3, 9],
            figures: [.init(name: "alpha", value: 1.5), .init(name: "beta", value: -2)])
        let bytes = statistics.encoded()
        let back = unsafe try SegmentStatistics(decoding: bytes.span.bytes, maximumDegree: 2)
        #expect(back == statistics)
        #expect(back["beta"] == -2)
        #expect(back["gamma"] == nil)
        #expect(throws: FormatError.self) {
            unsafe try SegmentStatistics(decoding: bytes.span.bytes, maximumDegree: 3)
        }
        Self.damage(bytes) { bytes throws(FormatError) in
            _ = unsafe try SegmentStatistics(decoding: bytes.span.bytes, maximumDegree: 2)
        }
    }

    @Test func `a canary comes back`() throws {
        let canary = SegmentCanary(
            queries: [
                .init(vector: [1, 2, 3], nearest: [2, 0, 1].map { RowOrdinal($0) }),
                .init(vector: [-1, 0.5, 9], nearest: [0, 1, 2].map { RowOrdinal($0) }),
            ], widths: [16, 24, 0], slacks: [0, 0.25, -1])
        let bytes = canary.encoded()
        let back = unsafe try SegmentCanary(
            decoding: bytes.span.bytes, dimension: 3, rowCount: 3)
        #expect(back == canary)
        #expect(throws: FormatError.self) {
            unsafe try SegmentCanary(decoding: bytes.span.bytes, dimension: 3, rowCount: 2)
        }
        Self.damage(bytes) { bytes throws(FormatError) in
            _ = unsafe try SegmentCanary(decoding: bytes.span.bytes, dimension: 3, rowCount: 3)
        }
    }

    @Test func `entry points come back`() throws {
        let bytes = EntryPoints([RowOrdinal(4), RowOrdinal(0)]).encoded()
        let back = unsafe try EntryPoints(decoding: bytes.span.bytes, rowCount: 5)
        #expect(back.ordinals == [RowOrdinal(4), RowOrdinal(0)])
        #expect(throws: FormatError.self) {
            unsafe try EntryPoints(decoding: bytes.span.bytes, rowCount: 4)
        }
        Self.damage(bytes) { bytes throws(FormatError) in
            _ = unsafe try EntryPoints(decoding: bytes.span.bytes, rowCount: 5)
        }
    }

    @Test(arguments: [RecordID.number(0), .number(.max), .text("a"), .text("\u{1F33A} flower")])
    func `a tagged id comes back`(_ id: RecordID) throws {
        var writer = ByteWriter()
        IdentifierRecord.append(id, to: &writer)
        #expect(writer.count == IdentifierRecord.byteCount(id))
        let bytes = writer.bytes
        #expect(unsafe try IdentifierRecord.decode(bytes.span.bytes, at: 0) == id)
        for count in 0..<bytes.count where id < .text("") || count < 2 {
            let part = Array(bytes.prefix(count))
            #expect(throws: FormatError.self) {
                unsafe try IdentifierRecord.decode(part.span.bytes, at: 0)
            }
        }
    }

    @Test func `ids that are not ids are refused`() {
        for bytes: [UInt8] in [[], [1], [2, 1], [1, 0xFF], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
            #expect(throws: FormatError.self) {
                unsafe try IdentifierRecord.decode(bytes.span.bytes, at: 0)
            }
        }
    }

    @Test func `the hash of an id never changes`() {
        #expect(RecordID.number(0).stableHash64 == 0x77B4_0614_4EB9_0E62)
        #expect(RecordID.text("varve").stableHash64 == 0x4FB9_6E81_7C57_B4AE)
    }

    @Test(arguments: [1, 100, 20_000])
    func `the filter knows every id and few others`(_ rowCount: Int) {
        var filter = IdentifierFilter(rowCount: rowCount)
        for number in 0..<UInt64(rowCount) {
            filter.insert(hash: RecordID.number(number).stableHash64)
        }
        var writer = ByteWriter()
        for word in filter.words { writer.append(word) }
        let bytes = writer.bytes
        func mayContain(_ id: RecordID) -> Bool {
            let hash = id.stableHash64
            let block = IdentifierFilter.block(hash: hash, blockCount: filter.blockCount)
            let part = Array(bytes[block * 32..<block * 32 + 32])
            return unsafe IdentifierFilter.mayContain(hash: hash, block: part.span.bytes)
        }
        #expect((0..<UInt64(rowCount)).allSatisfy { mayContain(.number($0)) })
        let wrong = (0..<10_000).filter { mayContain(.number(1 << 40 + UInt64($0))) }.count
        #expect(wrong < 250)
    }

    @Test(arguments: [
        (Schema(dimension: 128, metric: .euclidean, elementType: .uint8), 65_536, 21, 4_096),
        (Schema(dimension: 128, metric: .euclidean, elementType: .uint8), 1 << 20, 18, 4_096),
        (Schema(dimension: 128, metric: .euclidean, elementType: .uint8), 1 << 25, 15, 4_096),
        (Schema(dimension: 384, metric: .euclidean, elementType: .float32), 60_000, 5, 8_192),
        (Schema(dimension: 384, metric: .cosine, elementType: .float16), 60_000, 9, 8_192),
        (Schema(dimension: 784, metric: .euclidean, elementType: .uint8), 60_000, 9, 8_192),
        (Schema(dimension: 1_536, metric: .euclidean, elementType: .float32), 9, 1, 8_192),
        (Schema(dimension: 4_096, metric: .euclidean, elementType: .float32), 9, 1, 20_480),
    ])
    func `records stay inside their pages`(
        _ schema: Schema, _ rowCount: Int, _ perPage: Int, _ pageByteCount: Int
    ) {
        let layout = NodeLayout(schema: schema, maximumDegree: 32, rowCount: rowCount)
        #expect(layout.recordsPerPage == perPage)
        #expect(layout.pageByteCount == pageByteCount)
        #expect(layout.pageByteCount % layout.blockByteCount == 0)
        let element = schema.vectorByteCount / schema.dimension
        for row in 0..<100 {
            let start = layout.offset(of: RowOrdinal(UInt32(row)))
            let end = start + layout.recordByteCount
            #expect(start % element == 0)
            #expect(end <= layout.byteCount(rowCount: row + 1))
            #expect(start / pageByteCount == (end - 1) / pageByteCount)
            #expect(layout.rows(ofPage: start / pageByteCount, rowCount: 100).contains(row))
        }
    }

    /// Cuts bytes short at every place, and changes each of them: an error or a value, never a
    /// trap.
    static func damage(_ bytes: [UInt8], _ decode: ([UInt8]) throws(FormatError) -> Void) {
        for count in bytes.indices {
            #expect(throws: FormatError.self, "\(count) bytes") {
                try decode(Array(bytes.prefix(count)))
            }
        }
        #expect(throws: FormatError.self) { try decode(bytes + [0]) }
        for offset in bytes.indices {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var damaged = bytes
                damaged[offset] ^= change
                try? decode(damaged)
            }
        }
    }
}
