// Segments made from a seed, written to a disk in memory.

import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage

/// A segment on a disk of its own.
struct SampleSegment {
    let disk: MemoryDisk
    let rows: SampleRows
    let neighbors: NeighborLists
    let plan: SegmentPlan
    let record: SegmentRecord

    static let path = FilePath("segments/000007.seg")

    init(
        schema: Schema, rowCount: Int, identifiers: SampleRows.Identifiers = .numbers,
        seed: UInt64, threadCount: Int = 1, disk: MemoryDisk = MemoryDisk()
    ) throws {
        rows = SampleRows(
            schema: schema, rowCount: rowCount, identifiers: identifiers, seed: seed)
        neighbors = Self.ring(rowCount: rowCount, degree: 6, seed: seed)
        plan = Self.plan(schema: schema)
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: threadCount)
        record = try builder.build(plan, rows: rows, neighbors: neighbors, at: Self.path)
        self.disk = disk
    }

    /// A segment with a real graph, codes and, if wanted, walk blocks.
    init(
        indexed schema: Schema, rowCount: Int, seed: UInt64, maxDegree: Int = 16,
        includesWalk: Bool = true, listStarts: [UInt32] = [], threadCount: Int = 1,
        disk: MemoryDisk = MemoryDisk()
    ) throws {
        try self.init(
            indexed: SampleRows(schema: schema, rowCount: rowCount, seed: seed),
            maxDegree: maxDegree, includesWalk: includesWalk, listStarts: listStarts,
            threadCount: threadCount, disk: disk)
    }

    /// The same of rows that are given.
    init(
        indexed rows: SampleRows, maxDegree: Int = 16, includesWalk: Bool = true,
        listStarts: [UInt32] = [], threadCount: Int = 1, disk: MemoryDisk = MemoryDisk()
    ) throws {
        self.rows = rows
        let vectors = SampleVectors(rows)
        let graph = try vectors.graph(
            rowCount: rows.rowCount, maxDegree: maxDegree, threadCount: threadCount)
        neighbors = NeighborLists(graph)
        var plan = Self.plan(schema: rows.schema)
        plan.entryPoints = graph.entryPoints
        plan.liftNorm2 = vectors.liftNorm2
        plan.includesWalk = includesWalk
        plan.listStarts = listStarts
        self.plan = plan
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: threadCount)
        record = try builder.build(
            plan, rows: rows, graph: graph, vectors: vectors.table, at: Self.path)
        self.disk = disk
    }

    static func plan(schema: Schema) -> SegmentPlan {
        SegmentPlan(
            store: StoreID(low: 1, high: 2), id: SegmentID(7), file: FileID(0xFEED_F00D),
            schema: schema, sequences: SequenceNumber(3)...SequenceNumber(90),
            graph: SegmentDescription.Graph(buildWidth: 75, alpha: 1.2, slack: 1.3, seed: 5),
            entryPoints: [RowOrdinal(0)],
            attributes: [(AttributeID(0), AttributeDefinition(name: "colour", type: .string))])
    }

    /// A ring with random chords: every row is reachable from every other.
    static func ring(rowCount: Int, degree: Int, seed: UInt64) -> NeighborLists {
        var numbers = Numbers(seed: seed ^ 0xABCD)
        let lists = (0..<rowCount).map { row in
            var list: [UInt32] = rowCount > 1 ? [UInt32((row + 1) % rowCount)] : []
            for _ in 0..<(degree - 1) {
                let other = UInt32(numbers.below(rowCount))
                if other != UInt32(row), !list.contains(other) { list.append(other) }
            }
            return list
        }
        return NeighborLists(lists, maximumDegree: degree)
    }

    func open(_ access: SegmentAccess = .mapped) throws(SegmentError) -> SegmentReader {
        try SegmentReader(
            fileSystem: disk, path: Self.path, expecting: record, access: access)
    }
}
