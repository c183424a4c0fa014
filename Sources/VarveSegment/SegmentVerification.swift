// Reads a sealed segment once more, all of it, before anyone believes it.

import VarveFilter
import VarveGraph
import VarveKernels
import VarveQuantization
public import VarveFormat
public import VarveStorage

/// A segment read from end to end and found right, with the figures of the reading.
public struct SegmentVerification: Hashable, Sendable {
    /// Bytes read from the file, some of them more than once.
    public var readByteCount: UInt64 = 0
    /// Blocks whose checksums were compared.
    public var blockCount = 0
    /// Edges of the graph.
    public var edgeCount: UInt64 = 0
    /// Sweeps over the node pages until every row had been reached.
    public var sweepCount = 0
    /// Recall@10 of searches by pages over the canary, at the width that reached the most; nil if
    /// none was.
    public var recall: Double?

    /// Checks the file at `path` against `record`: digest, every checksum, every value and the
    /// graph.
    ///
    /// Reads in windows of at most 1 MiB; the file is not mapped. Where a runtime is given, parts
    /// of the work run side by side; whatever is wrong, the error is that of the first part that
    /// found something, in their order. Memory of each part: 2 MiB of blocks, up to 16 MiB where
    /// ids are compared, and four bits a row. Cost: the file twice, then the node pages once for
    /// each sweep.
    ///
    /// - Parameters:
    ///   - pulse: Asked for every few MiB or tenths of a second, by all parts.
    ///   - runtime: Whose threads take the parts, up to `threadCount` of them; nil: the parts are
    ///     done one after the other, and none behind the first that fails.
    /// - Throws: ``SegmentError`` that names what is wrong; `givenUp` where the pulse says no.
    public init(
        verifying path: FilePath, of fileSystem: any FileSystem, against record: SegmentRecord,
        pulse: WorkPulse = .steady, runtime: (any Runtime)? = nil, threadCount: Int = 1
    ) throws(SegmentError) {
        let parts = Part.allCases
        guard let runtime, threadCount > 1 else {
            for part in parts { add(try Self(part, of: path, fileSystem, record, pulse)) }
            return
        }
        let results = ParallelResults<Result<Self, SegmentError>>(count: parts.count)
        runtime.parallel(count: parts.count, threadCount: threadCount) { index in
            do throws(SegmentError) {
                results.set(
                    index, .success(try Self(parts[index], of: path, fileSystem, record, pulse)))
            } catch {
                results.set(index, .failure(error))
            }
        }
        for result in results.all { add(try result.get()) }
    }

    /// Parts of a verification, each of which reads the file for itself.
    private enum Part: CaseIterable {
        case digest, checksums, identifiers, graph, values
    }

    /// The figures of one part.
    private init(
        _ part: Part, of path: FilePath, _ fileSystem: any FileSystem, _ record: SegmentRecord,
        _ pulse: WorkPulse
    ) throws(SegmentError) {
        switch part {
        case .digest: try compareDigest(fileSystem, path, record, pulse)
        case .checksums:
            try compareChecksums(try Self.container(of: path, fileSystem, record, 2 << 20), pulse)
        case .identifiers:
            // Ids are asked for in an order of their own: where they do not fit, most of them bring
            // a block in.
            let reader = try Self.reader(of: path, fileSystem, record, 16 << 20)
            try reader.verifyPadding()
            try reader.verifyIdentifiers()
            try pulse.beat()
        case .graph:
            let reader = try Self.reader(of: path, fileSystem, record, 2 << 20)
            edgeCount = try reader.verifyNodes(pulse)
            sweepCount = try reader.verifyReachability(pulse)
            try reader.verifyFigures(edgeCount: edgeCount)
        case .values:
            let reader = try Self.reader(of: path, fileSystem, record, 2 << 20)
            try reader.verifyAttributes()
            try pulse.beat()
            try reader.verifyCodes(pulse)
            recall = try reader.verifyCanary()
        }
    }

    private static func container(
        of path: FilePath, _ fileSystem: any FileSystem, _ record: SegmentRecord,
        _ cacheByteCount: Int
    ) throws(SegmentError) -> SegmentContainer {
        try SegmentContainer(
            fileSystem: fileSystem, path: path, id: record.id, file: record.file,
            byteCount: record.byteCount,
            access: .paged(PageCache(byteBudget: cacheByteCount)))
    }

    private static func reader(
        of path: FilePath, _ fileSystem: any FileSystem, _ record: SegmentRecord,
        _ cacheByteCount: Int
    ) throws(SegmentError) -> SegmentReader {
        try SegmentReader(
            try container(of: path, fileSystem, record, cacheByteCount), expecting: record)
    }

    /// Takes the figures of another part.
    private mutating func add(_ part: Self) {
        readByteCount += part.readByteCount
        blockCount += part.blockCount
        edgeCount += part.edgeCount
        sweepCount += part.sweepCount
        recall = recall ?? part.recall
    }

    private mutating func compareChecksums(
        _ container: SegmentContainer, _ pulse: WorkPulse
    ) throws(SegmentError) {
        var unread = 0
        for index in container.sections.indices {
            for block in 0..<container.sections[index].entry.blockCount {
                unread += try container.cachedBlock(index, block).byteCount
                blockCount += 1
                guard unread >= 1 << 20 else { continue }
                try pulse.beat(unread)
                unread = 0
            }
            readByteCount += container.sections[index].entry.paddedByteCount
        }
    }

    private mutating func compareDigest(
        _ fileSystem: any FileSystem, _ path: FilePath, _ record: SegmentRecord,
        _ pulse: WorkPulse
    ) throws(SegmentError) {
        let name = FileNames.segment(record.id)
        let file = try storing { () throws(StorageError) in try fileSystem.open(path, .read) }
        let found = try storing { () throws(StorageError) in try file.byteCount() }
        guard found == record.byteCount else {
            throw .damaged(
                FormatError(
                    .truncated, file: name, section: "file", offset: found,
                    detail: "\(found) bytes, expected \(record.byteCount)"))
        }
        let digest = DigestStream()
        var offset: UInt64 = 0
        while offset < found {
            let count = Int(min(1 << 20, found - offset))
            let window = try SegmentContainer.read(file, name, at: offset, count: count)
            unsafe window.withUnsafeBytes { unsafe digest.update($0) }
            offset += UInt64(count)
            try pulse.beat(count)
        }
        readByteCount += found
        guard digest.digest() == record.digest else {
            throw .damaged(
                FormatError(
                    .checksumMismatch, file: name, section: "file", offset: 0,
                    detail: "digest of the file does not match"))
        }
    }
}

extension SegmentReader {
    /// The bytes between the end of a section and the end of its last page are zeros.
    func verifyPadding() throws(SegmentError) {
        for (index, section) in container.sections.enumerated() {
            let entry = section.entry
            guard entry.byteCount < entry.paddedByteCount else { continue }
            let last = entry.blockCount - 1
            let block = try container.cachedBlock(index, last)
            let start = Int(entry.byteCount) - entry.blockRange(last).lowerBound
            guard unsafe block.bytes[start...].allSatisfy({ $0 == 0 }) else {
                throw container.error(
                    .invalidValue, section: index, at: Int(entry.byteCount),
                    "padding is not zero")
            }
        }
    }

    /// Ids are sorted, each row once, none twice, and the filter knows them all.
    func verifyIdentifiers() throws(SegmentError) {
        var seen = RowBits(rowCount: rowCount)
        var previous: RecordID?
        for place in 0..<rowCount {
            let ordinal = try sortedOrdinal(place)
            guard seen.insert(ordinal.rawValue) else {
                throw container.error(
                    .invalidValue, section: places.sortedIdentifiers, at: place * 4,
                    "row \(ordinal.rawValue) stands twice in the order of ids")
            }
            let id = try self.id(of: ordinal)
            if let previous, !(previous < id) {
                throw container.error(
                    .invalidValue, section: places.sortedIdentifiers, at: place * 4,
                    "id \(id) does not follow \(previous)")
            }
            guard id.isValid, try mayContain(id) else {
                throw container.error(
                    .invalidValue, section: places.identifierFilter ?? places.identifiers, at: 0,
                    "the filter does not know the id \(id)")
            }
            previous = id
        }
    }

    /// Every list is within its degree, names rows of the segment, none twice and not its own; room
    /// behind a list is zero.
    func verifyNodes(_ pulse: WorkPulse = .steady) throws(SegmentError) -> UInt64 {
        var edgeCount: UInt64 = 0
        for row in 0..<UInt32(rowCount) {
            if row % 16_384 == 0 { try pulse.beat() }
            var list = try neighbors(of: RowOrdinal(row))
            edgeCount += UInt64(list.count)
            list.sort()
            let isTwice = zip(list, list.dropFirst()).contains { $0 == $1 }
            guard !isTwice, !list.contains(RowOrdinal(row)) else {
                throw container.error(
                    .invalidValue, section: places.nodes,
                    at: layout.offset(of: RowOrdinal(row)) + layout.vectorByteCount,
                    "row \(row) is its own neighbour or has one twice")
            }
            try verifyVector(RowOrdinal(row))
        }
        return edgeCount
    }

    /// Floats of a vector are finite.
    private func verifyVector(_ ordinal: RowOrdinal) throws(SegmentError) {
        guard schema.elementType == .float32 || schema.elementType == .float16 else { return }
        let isFinite = unsafe try withVector(ordinal) { (bytes) throws(SegmentError) in
            let halves = schema.elementType == .float16
            for index in 0..<schema.dimension {
                let exponent =
                    unsafe halves
                    ? bytes.load(fromByteOffset: index * 2, as: UInt16.self) & 0x7C00 == 0x7C00
                    : bytes.load(fromByteOffset: index * 4, as: UInt32.self) & 0x7F80_0000
                        == 0x7F80_0000
                if exponent { return false }
            }
            return true
        }
        guard isFinite else {
            throw container.error(
                .invalidValue, section: places.nodes, at: layout.offset(of: ordinal),
                "the vector of row \(ordinal.rawValue) is not finite")
        }
    }

    /// Every row can be reached from the entry points.
    ///
    /// Sweeps over the rows in the order of the file, following the lists of rows reached and not
    /// yet followed, until a sweep finds nothing new: bounded memory, and no reads here and there.
    ///
    /// - Returns: Sweeps made.
    func verifyReachability(_ pulse: WorkPulse = .steady) throws(SegmentError) -> Int {
        var reached = RowBits(rowCount: rowCount)
        var followed = RowBits(rowCount: rowCount)
        for entry in entryPoints.ordinals { reached.insert(entry.rawValue) }
        var sweeps = 0
        while followed.count < reached.count {
            sweeps += 1
            for row in 0..<UInt32(rowCount) where reached.contains(row) {
                if row % 16_384 == 0 { try pulse.beat() }
                guard followed.insert(row) else { continue }
                for neighbor in try neighbors(of: RowOrdinal(row)) {
                    reached.insert(neighbor.rawValue)
                }
            }
        }
        guard reached.count == rowCount else {
            throw container.error(
                .invalidValue, section: places.nodes, at: 0,
                "\(rowCount - reached.count) rows cannot be reached from the entry points")
        }
        return sweeps
    }

    /// Statistics and canary can be read and agree with the rows.
    func verifyFigures(edgeCount: UInt64) throws(SegmentError) {
        if let statistics = try statistics(), let section = places.statistics {
            var (rows, edges): (UInt64, UInt64) = (0, 0)
            for (degree, count) in statistics.degreeHistogram.enumerated() {
                let (product, overflow) = count.multipliedReportingOverflow(by: UInt64(degree))
                rows &+= count
                edges &+= overflow ? .max : product
            }
            guard rows == UInt64(rowCount), edges == edgeCount else {
                throw container.error(
                    .invalidValue, section: section, at: 0,
                    "degrees of \(rows) rows and \(edges) edges, counted \(edgeCount)")
            }
        }
        _ = try canary()
    }

    /// Every attribute record can be read.
    func verifyAttributes() throws(SegmentError) {
        let attributes = try attributes()
        var block: AttributeRowBlock?
        for row in 0..<UInt32(rowCount) {
            let ordinal = RowOrdinal(row)
            if block?.rows.contains(row) != true { block = try attributes.block(of: ordinal) }
            guard let block else { return }
            try decoding(in: container.name) { () throws(FormatError) in
                _ = try block.attributes(of: ordinal)
            }
        }
    }

    /// Codes and walk blocks have the lengths their headers call for.
    func verifyCodes(_ pulse: WorkPulse = .steady) throws(SegmentError) {
        try verifyRowCodes()
        guard let walk = places.walk else { return }
        let header = try walkHeader()
        let expected = UInt64(header.places.byteCount)
        let found = container.sections[walk].entry.byteCount
        guard found == expected else {
            throw container.error(
                .invalidValue, section: walk, at: 0, "\(found) bytes, expected \(expected)")
        }
        var rows = RowBits(rowCount: rowCount)
        for number in 0..<rowCount {
            if number % 16_384 == 0 { try pulse.beat() }
            let block = BlockNumber(UInt32(number))
            let range = header.places.range(of: block)
            let problem = unsafe try container.withBytes(walk, range) {
                (bytes) throws(SegmentError) in
                unsafe Self.problem(ofBlock: block, bytes, header.places, &rows)
            }
            if let problem {
                throw container.error(
                    .invalidValue, section: walk, at: range.lowerBound,
                    "block \(number): \(problem)")
            }
        }
    }

    /// What is wrong with a block: its row, its degree, its neighbours or what should be zero.
    private static func problem(
        ofBlock number: BlockNumber, _ bytes: UnsafeRawBufferPointer, _ places: WalkBlockPlaces,
        _ rows: inout RowBits
    ) -> String? {
        func word(_ offset: Int) -> UInt32 {
            UInt32(
                littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let layout = places.layout
        let row = word(WalkBlockLayout.rowOffset)
        guard Int(row) < places.blockCount, rows.insert(row) else { return "row \(row)" }
        let degree = Int(word(WalkBlockLayout.degreeOffset))
        let groupCount = places.groupCount(of: number)
        guard degree <= layout.maxDegree, layout.groupCount(degree: degree) == groupCount else {
            return "degree \(degree) in \(groupCount) groups"
        }
        let padding = WalkBlockLayout.rowOffset + 4..<WalkBlockLayout.vectorOffset
        guard unsafe bytes[padding].allSatisfy({ $0 == 0 }) else { return "padding" }
        let lanes = WalkBlockLayout.groupLaneCount
        for slot in 0..<groupCount * lanes {
            let group = layout.groupsOffset + slot / lanes * layout.groupByteCount
            let neighbor = word(group + slot % lanes * 4)
            let isRight =
                slot < degree
                ? Int(neighbor) < places.blockCount && neighbor != number.rawValue
                : neighbor == number.rawValue
            guard isRight else { return "neighbour \(neighbor)" }
        }
        return nil
    }

    /// The recall@10 from which on no wider search is tried.
    private static var sufficientRecall: Double { 0.85 }

    /// The recall that searches for the canary's queries reach; nil if there is nothing to compare
    /// with.
    ///
    /// They begin at the largest width that was measured, and may take up to 16 times as much: they
    /// read pages, steered by coarser codes than the walks that were measured. A low recall is no
    /// damage: vectors without structure have no good graph. Who writes a segment in the place of
    /// others judges it.
    func verifyCanary() throws(SegmentError) -> Double? {
        guard let canary = try canary(), let width = canary.widths.max(), width > 0,
            !canary.queries.isEmpty
        else { return nil }
        let query = SegmentQuery(schema: schema)
        var best = 0.0
        for factor in [1, 4, 16] {
            let effort = SearchEffort(width: min(Int(width), 1 << 20) * factor)
            best = max(best, try self.recall(of: canary, query, effort))
            if best >= Self.sufficientRecall { break }
        }
        return best
    }

    /// The share of the canary's answers that searches find; of rows equally far, any will do.
    private func recall(
        of canary: SegmentCanary, _ query: SegmentQuery, _ effort: SearchEffort
    ) throws(SegmentError) -> Double {
        var (found, wanted) = (0, 0)
        var statistics = SegmentSearchStatistics()
        for probe in canary.queries {
            unsafe probe.vector.withUnsafeBufferPointer { buffer in
                if let start = buffer.baseAddress { unsafe query.prepare(start) }
            }
            var bound = -Float.infinity
            for row in probe.nearest { bound = max(bound, try exactDistance(row, from: query)) }
            let hits = try searchGraph(
                query, k: SegmentCanary.nearestCount, effort: effort, statistics: &statistics
            ) { _ in true }
            found += hits.filter { $0.distance <= bound }.count
            wanted += probe.nearest.count
        }
        return Double(found) / Double(max(1, wanted))
    }
}
