// Segment files from strangers: with wrong checksums, and with right ones over wrong values.

import Varve
import VarveCompaction
import VarveFilter
import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage
import VarveStorageSimulation

/// What fuzzers do with the bytes of one segment file.
enum SegmentTargets {
    /// Reads bytes instead of a segment; in every 256th case as part of a store, too, which takes a
    /// hundred times as long.
    @Sendable static func read(_ bytes: [UInt8]) {
        guard let (_, record) = try? StoreImages.segment.get() else { return }
        var claimed = record
        claimed.byteCount = UInt64(bytes.count)
        claimed.digest = Digest(of: bytes)
        read(bytes, claimed)
        guard claimed.digest.high % 256 == 0, let disk = try? StoreImages.disk(),
            let path = disk.filePaths.first(where: { $0.name.hasSuffix(".seg") })
        else { return }
        disk.damage(path, .truncate(byteCount: 0))
        disk.damage(path, .append(bytes))
        StoreTargets.read(disk)
    }

    /// Reads a segment with the changes that the input says, all checksums made to fit.
    @Sendable static func readResealed(_ changes: [UInt8]) {
        guard let whole = try? resealed.get() else { return }
        let (changed, claimed) = whole.changed(by: changes)
        read(changed, claimed)
    }

    private static let resealed = Result {
        let (bytes, record) = try StoreImages.segment.get()
        return try ResealedSegment(bytes, record)
    }

    /// Reads a segment in one of the ways there are, whichever its bytes say.
    private static func read(_ bytes: [UInt8], _ record: SegmentRecord) {
        let disk = SimulatedFileSystem(seed: 1)
        disk.keepsTrace = false
        let path = FilePath("/" + FileNames.segment(record.id))
        try? disk.createDirectory(path.parent)
        guard (try? disk.writeFileDurably(path, bytes)) != nil else { return }
        let way = record.digest.low
        if way % 8 == 0 {
            _ = try? SegmentVerification(verifying: path, of: disk, against: record)
            return
        }
        let access: SegmentAccess =
            way & 8 == 0 ? .mapped : .paged(PageCache(byteBudget: 1 << 20))
        guard
            let reader = try? SegmentReader(
                fileSystem: disk, path: path, expecting: record, access: access)
        else { return }
        switch way % 8 {
        case 1, 2: readRows(reader)
        case 3: searchExactly(reader)
        case 4: try? searchTogether(reader)
        case 5 where way & 0xF0 == 0: merge(reader, record, disk)
        default: searchGraph(reader)
        }
    }

    private static func readRows(_ reader: SegmentReader) {
        let attributes = try? reader.attributes()
        for row in stride(from: 0, to: min(reader.rowCount, 1_000), by: 7) {
            let ordinal = RowOrdinal(UInt32(row))
            _ = try? reader.neighbors(of: ordinal)
            if let id = try? reader.id(of: ordinal) { _ = try? reader.find(id) }
            _ = try? attributes?.attributes(of: ordinal)
        }
        for id in (0..<4).map({ AttributeID($0) }) {
            _ = try? attributes?.column(id)?.rows(equalTo: .int(3))
            _ = try? attributes?.rows(id, equalTo: .string("a"))
        }
        _ = try? reader.canary()
        _ = try? reader.pageWidths()
    }

    private static func query(_ schema: Schema) -> SegmentQuery {
        let query = SegmentQuery(schema: schema)
        var vector = [Float](repeating: 0, count: schema.dimension)
        vector[0] = 1
        unsafe vector.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe query.prepare(start) }
        }
        return query
    }

    private static func searchGraph(_ reader: SegmentReader) {
        let query = query(reader.schema)
        var statistics = SegmentSearchStatistics()
        for effort in [SearchEffort(width: 24), SearchEffort(width: 8, gamma: 0.1)] {
            _ = try? reader.searchGraph(query, k: 5, effort: effort, statistics: &statistics) {
                _ in true
            }
        }
    }

    private static func searchExactly(_ reader: SegmentReader) {
        var statistics = SegmentSearchStatistics()
        _ = try? reader.searchExactly(
            query(reader.schema), k: 5, statistics: &statistics
        ) { _ in true }
    }

    /// Two walks over the same segment.
    private static func searchTogether(_ reader: SegmentReader) throws {
        guard try reader.canJoin() else { return }
        let query = query(reader.schema)
        var statistics = SegmentSearchStatistics()
        query.beginTogether(k: 5, count: 2)
        let pace = WalkPace(lead: 4, slack: 0.1, seedGroupCount: 1)
        for slot in 0..<2 {
            try reader.join(query, slot: slot, k: 5, pace: pace, deleted: nil)
        }
        guard query.walkTogether() else { return }
        for slot in 0..<2 {
            try reader.keepFound(query, slot: slot, deleted: nil, statistics: &statistics) { _ in
                true
            }
        }
        query.beginGathering()
        for slot in 0..<2 { try reader.gather(query, slot: slot, statistics: &statistics) }
        query.takeTogether(of: 2) { _, _, _ in }
    }

    /// Merges the segment, which makes a new one.
    private static func merge(
        _ reader: SegmentReader, _ record: SegmentRecord, _ disk: SimulatedFileSystem
    ) {
        let id = SegmentID(record.id.rawValue + 1)
        let plan = FlushPlan(
            store: StoreImages.store, directory: FilePath("/"), id: id,
            file: FileID(record.file.rawValue ^ 1),
            sequences: record.firstSequence...record.lastSequence, attributes: [],
            includesWalk: true)
        let input = MergeInput(reader: reader, record: record, dropped: RowSet())
        var graph = GraphParameters()
        graph.maxDegree = 8
        graph.buildWidth = 16
        let settings = MergeSettings(graph: graph, memoryByteLimit: 8 << 20)
        guard
            let merge = try? SegmentMerge(
                [input], plan, settings, fileSystem: disk, runtime: SimulatedRuntime(seed: 1))
        else { return }
        while merge.outcome == nil {
            guard (try? merge.step(threadCount: 1)) != nil else { return }
        }
        merge.abandon()
    }
}
