// What a row costs on disk.

import Testing
import VarveFormat
import VarveGraph
import VarveSegment

@Suite("Sizes of segments")
struct SizeTests {
    /// Bytes a row may take at degree 32, attributes aside: without walk blocks, and of those.
    static let limits: [(schema: Schema, rest: Double, walk: Double)] = [
        (Schema(dimension: 384, metric: .euclidean, elementType: .float32), 2_200, 2_250),
        (Schema(dimension: 384, metric: .euclidean, elementType: .float16), 1_150, 2_250),
        (Schema(dimension: 784, metric: .euclidean, elementType: .uint8), 1_150, 4_490),
        (Schema(dimension: 128, metric: .euclidean, elementType: .uint8), 330, 1_480),
    ]

    @Test(arguments: limits)
    func `rows take few bytes`(_ schema: Schema, _ rest: Double, _ walk: Double) throws {
        let rowCount = 2_400
        let rows = SampleRows(schema: schema, rowCount: rowCount, seed: 81)
        let vectors = SampleVectors(rows)
        let disk = MemoryDisk()
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        let record = try builder.build(
            SampleSegment.plan(schema: schema), rows: rows,
            neighbors: SampleSegment.ring(rowCount: rowCount, degree: 32, seed: 82),
            vectors: vectors.table, at: SampleSegment.path)
        let reader = try SegmentReader(
            fileSystem: disk, path: SampleSegment.path, expecting: record, access: .mapped)
        var (measured, blocks) = (0.0, 0.0)
        for entry in reader.sectionEntries {
            // A checksum of eight bytes for each block; table pages fill up in large segments.
            let tableByteCount = entry.blockCount > 1 ? 8 * entry.blockCount : 0
            let byteCount = Double(Int(entry.byteCount) + tableByteCount) / Double(rowCount)
            switch entry.name {
            case "nodes", "ids", "ids.sorted", "ids.filter", "codes": measured += byteCount
            case "walk": blocks += byteCount
            default: break
            }
        }
        #expect(measured <= rest, "\(schema)")
        #expect(blocks <= walk, "\(schema)")
        #expect(measured > rest * 0.8)
    }
}
