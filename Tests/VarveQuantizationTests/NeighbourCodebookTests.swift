// The codebook's bytes: there and back, and nothing believed.

import Testing
import VarveFormat
import VarveKernels
import VarveQuantization

@Suite struct NeighbourCodebookTests {
    static let layout = WalkBlockLayout(
        dimension: 10, isLifted: true, maxDegree: 24, subspaceDimension: 4)

    static func bytes() -> [UInt8] {
        let mean = (0..<11).map { Float($0) * 0.5 }
        let rotation = Rotation(shape: layout.shape, seed: 0xFEED, mean: mean)
        var writer = ByteWriter()
        NeighbourCodebook(layout: layout, rotation: rotation, unit: 2.5).encode(into: &writer)
        return writer.bytes
    }

    static func read(_ bytes: [UInt8]) throws(FormatError) -> NeighbourCodebook {
        var reader = unsafe ByteReader(bytes.span.bytes, section: "walk codebook")
        return try NeighbourCodebook(from: &reader)
    }

    @Test func `a codebook survives its bytes`() throws {
        let bytes = Self.bytes()
        #expect(bytes.count == 24 + 11 * 4)
        let codebook = try Self.read(bytes)
        #expect(codebook.layout == Self.layout)
        #expect(codebook.unit == 2.5)
        #expect(codebook.rotation.seed == 0xFEED)
        #expect(codebook.rotation.mean == (0..<11).map { Float($0) * 0.5 })
    }

    @Test(arguments: 0..<68)
    func `a codebook that ends early is refused`(count: Int) {
        #expect(throws: FormatError.self) { try Self.read(Array(Self.bytes().prefix(count))) }
    }

    @Test(
        arguments: [
            (0, [0, 0, 0, 0]), (0, [1, 0, 1, 0]), (4, [0, 0]), (4, [1, 4]), (6, [3]), (7, [2]),
            (16, [0, 0, 0, 0]), (16, [0, 0, 128, 127]), (16, [0, 0, 0, 0x80]), (20, [1]),
            (24, [0, 0, 0xC0, 0x7F]),
        ] as [(Int, [UInt8])])
    func `a value out of its range is refused`(offset: Int, wrong: [UInt8]) {
        var bytes = Self.bytes()
        bytes.replaceSubrange(offset..<offset + wrong.count, with: wrong)
        let error = #expect(throws: FormatError.self) { try Self.read(bytes) }
        #expect(error?.kind == .invalidValue || error?.kind == .truncated)
        #expect(error?.section == "walk codebook")
    }
}
