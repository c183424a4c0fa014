// Writes segments.

import VarveFilter
public import VarveFormat
public import VarveGraph
public import VarveKernels
public import VarveStorage

/// Writes segment files from rows and a graph, in a stream.
///
/// Nothing of the file is kept in memory but a buffer of 1 MiB, eight bytes for each 4 KiB written,
/// the order of the ids (12 bytes a row; texts whole) and the filter of the ids.
public struct SegmentBuilder: Sendable {
    let fileSystem: any FileSystem
    let runtime: any Runtime
    let threadCount: Int
    let memory: WorkingMemory
    let pulse: WorkPulse

    /// A builder that uses up to `threadCount` threads; the bytes it writes do not depend on how
    /// many.
    ///
    /// - Parameters:
    ///   - memory: Where tables lie while a segment is written; given back to the kernel again and
    ///     again, with whatever else may leave the process's memory.
    ///   - pulse: Asked for every few MiB or tenths of a second; where it says no, nothing is left
    ///     of the segment and ``SegmentError/givenUp`` is thrown.
    public init(
        fileSystem: any FileSystem, runtime: any Runtime, threadCount: Int,
        memory: WorkingMemory = .process, pulse: WorkPulse = .steady
    ) {
        self.pulse = pulse
        self.memory = memory
        self.fileSystem = fileSystem
        self.runtime = runtime
        self.threadCount = max(1, threadCount)
    }

    /// Writes the segment at `path`, durable but for its name: the caller syncs the directory.
    ///
    /// - Throws: ``SegmentError``; whatever fails, no file is left behind as far as the disk allows
    ///   its removal.
    public func build(
        _ plan: SegmentPlan, rows: any SegmentRows, graph: Adjacency, vectors: ByteVectorTable,
        at path: FilePath
    ) throws(SegmentError) -> SegmentRecord {
        try build(
            plan, rows: rows, neighbors: NeighborLists(graph), vectors: vectors, at: path)
    }

    /// The same for any neighbour lists; without vectors, the segment has no codes.
    package func build(
        _ plan: SegmentPlan, rows: any SegmentRows, neighbors: NeighborLists,
        vectors: ByteVectorTable? = nil, at path: FilePath
    ) throws(SegmentError) -> SegmentRecord {
        try Self.check(plan, rows: rows, neighbors: neighbors)
        // All lists have been read, and the vectors, as large, are asked for first.
        memory.giveBackRegions()
        let order = try IdentifierOrder(of: rows)
        let header = FileHeader(
            kind: .segment, store: plan.store, file: plan.file, number: plan.id.rawValue)
        let writer = try SegmentFileWriter(fileSystem: fileSystem, path: path, header: header)
        do {
            let description = SegmentDescription(
                schema: plan.schema, rowCount: rows.rowCount,
                maximumDegree: neighbors.maximumDegree, identifierKind: order.kind,
                sequences: plan.sequences, graph: plan.graph, liftNorm2: plan.liftNorm2,
                attributes: plan.attributes)
            try writer.write(.schema, description.encoded())
            try writer.write(.entry, EntryPoints(plan.entryPoints).encoded())
            try writeIdentifiers(of: rows, order, to: writer)
            try writeAttributes(of: rows, to: writer)
            try writeMeasured(
                description, rows, neighbors, vectors: vectors, plan, to: writer)
            let (byteCount, digest) = try writer.finish()
            return SegmentRecord(
                id: plan.id, file: plan.file, byteCount: byteCount, digest: digest,
                rowCount: rows.rowCount, firstSequence: plan.sequences.lowerBound,
                lastSequence: plan.sequences.upperBound)
        } catch {
            writer.abandon()
            throw error
        }
    }

    /// Writes codes, nodes, and what can be measured once they are written.
    private func writeMeasured(
        _ description: SegmentDescription, _ rows: any SegmentRows, _ neighbors: NeighborLists,
        vectors: ByteVectorTable?, _ plan: SegmentPlan, to writer: SegmentFileWriter
    ) throws(SegmentError) {
        var statistics = Self.statistics(of: neighbors)
        let layout = description.nodeLayout
        if let vectors {
            let codes = try writeCodes(of: vectors, neighbors, plan, to: writer)
            try writeNodes(of: rows, neighbors, layout, to: writer)
            let (canary, probes) = try writeCanary(
                of: rows, neighbors, plan, vectors, codes.walk, to: writer)
            // Searches by pages look through all codes, and at pages all over the file.
            memory.giveBackAll()
            statistics.figures = try pageFigures(
                canary, probes, rows, plan, codes.rows, layout, in: writer)
        } else {
            try writeNodes(of: rows, neighbors, layout, to: writer)
        }
        try writer.write(.statistics, statistics.encoded())
    }

    private static func check(
        _ plan: SegmentPlan, rows: any SegmentRows, neighbors: NeighborLists
    ) throws(SegmentError) {
        guard SegmentDescription.rowCountRange.contains(rows.rowCount) else {
            throw .invalidRows("\(rows.rowCount) rows")
        }
        guard neighbors.rowCount == rows.rowCount else {
            throw .invalidRows("\(rows.rowCount) rows, a graph of \(neighbors.rowCount)")
        }
        guard SegmentDescription.degreeRange.contains(neighbors.maximumDegree) else {
            throw .invalidRows("a graph of degree \(neighbors.maximumDegree)")
        }
        guard neighbors.areInside() else {
            throw .invalidRows("a row is its own neighbour, or has one outside the rows")
        }
        let starts = plan.listStarts
        guard
            starts.isEmpty
                || starts.first == 0 && starts.last == UInt32(rows.rowCount)
                    && zip(starts, starts.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw .invalidRows("lists that do not cover the rows")
        }
        guard (1...EntryPoints.maximumCount).contains(plan.entryPoints.count),
            plan.entryPoints.allSatisfy({ $0.index < rows.rowCount })
        else {
            throw .invalidRows("entry points outside the rows, or none")
        }
    }

    private static func statistics(of neighbors: NeighborLists) -> SegmentStatistics {
        var histogram = [UInt64](repeating: 0, count: neighbors.maximumDegree + 1)
        for row in 0..<neighbors.rowCount { histogram[neighbors.degree(of: row)] += 1 }
        return SegmentStatistics(degreeHistogram: histogram)
    }
}

extension SegmentBuilder {
    /// Blocks of sections that are read here and there.
    static let randomBlockByteCount = 4_096

    private func writeIdentifiers(
        of rows: any SegmentRows, _ order: IdentifierOrder, to writer: SegmentFileWriter
    ) throws(SegmentError) {
        writer.begin(.identifiers)
        var part = ByteWriter(capacity: 1 << 16)
        if order.kind == .tagged {
            var offset = UInt64(8 * (rows.rowCount + 1))
            part.append(offset)
            for row in 0..<rows.rowCount {
                offset += UInt64(
                    IdentifierRecord.byteCount(try rows.id(RowOrdinal(UInt32(row)))))
                part.append(offset)
                try writer.drain(&part)
            }
        }
        for row in 0..<rows.rowCount {
            let id = try rows.id(RowOrdinal(UInt32(row)))
            switch (order.kind, id) {
            case (.numbers, .number(let number)): part.append(number)
            case (.numbers, .text): throw .invalidRows("the id of row \(row) has changed")
            case (.tagged, _): IdentifierRecord.append(id, to: &part)
            }
            try writer.drain(&part)
        }
        try writer.drain(&part, all: true)
        try writer.end()
        try writeWords(.sortedIdentifiers, order.sorted, to: writer)
        try writeWords(.identifierFilter, order.filter.words, to: writer)
    }

    /// Writes the attribute sections, none if no row has an attribute.
    private func writeAttributes(
        of rows: any SegmentRows, to writer: SegmentFileWriter
    ) throws(SegmentError) {
        var builder = AttributeSectionsBuilder()
        var hasAttributes = false
        for row in 0..<rows.rowCount {
            if row % 8_192 == 0 { try pulse.beat() }
            var failure: FormatError?
            unsafe try rows.withAttributes(RowOrdinal(UInt32(row))) { bytes in
                if unsafe !bytes.isEmpty { hasAttributes = true }
                do throws(FormatError) { unsafe try builder.append(bytes) } catch {
                    failure = error
                }
            }
            if let failure {
                throw .invalidRows("the attributes of row \(row): \(failure.detail)")
            }
        }
        guard hasAttributes else { return }
        for (section, bytes) in builder.finish() {
            writer.begin(
                section.rawValue, isRequired: section.isRequired,
                blockByteCount: Self.randomBlockByteCount)
            try writer.append(bytes)
            try writer.end()
        }
    }

    private func writeWords(
        _ section: SegmentSection, _ words: [UInt32], to writer: SegmentFileWriter
    ) throws(SegmentError) {
        writer.begin(section)
        var part = ByteWriter(capacity: 1 << 16)
        for word in words {
            part.append(word)
            try writer.drain(&part)
        }
        try writer.drain(&part, all: true)
        try writer.end()
    }

    private func writeNodes(
        of rows: any SegmentRows, _ neighbors: NeighborLists, _ layout: NodeLayout,
        to writer: SegmentFileWriter
    ) throws(SegmentError) {
        writer.begin(
            SegmentSection.nodes.rawValue, isRequired: SegmentSection.nodes.isRequired,
            blockByteCount: layout.blockByteCount)
        var part = ByteWriter(capacity: 1 << 16)
        for row in 0..<rows.rowCount {
            if row % 8_192 == 8_191 { try pulse.beat(8_192 * layout.recordByteCount) }
            let start = part.count
            unsafe try rows.withVector(RowOrdinal(UInt32(row))) { bytes in
                unsafe part.append(buffer: bytes)
            }
            guard part.count - start == layout.vectorByteCount else {
                throw .invalidRows("the vector of row \(row) has \(part.count - start) bytes")
            }
            part.append(UInt16(neighbors.degree(of: row)))
            let list = unsafe neighbors.neighbors(of: row)
            for place in list.indices {
                let neighbor = unsafe list[place]
                part.append(UInt16(truncatingIfNeeded: neighbor))
                if layout.neighborByteCount == 3 {
                    part.append(UInt8(truncatingIfNeeded: neighbor >> 16))
                } else if layout.neighborByteCount == 4 {
                    part.append(UInt16(truncatingIfNeeded: neighbor >> 16))
                }
            }
            part.append(zeroCount: start + layout.recordByteCount - part.count)
            if (row + 1) % layout.recordsPerPage == 0 || row + 1 == rows.rowCount {
                // Pages drain whole, so the buffer begins with a page and this pads to the end of
                // one.
                part.pad(toMultipleOf: layout.pageByteCount)
                try writer.drain(&part)
            }
            if row % 1_024 == 1_023 {
                memory.relieve()
            }
        }
        try writer.drain(&part, all: true)
        try writer.end()
    }
}

extension SegmentFileWriter {
    /// Begins a section that is read here and there: small blocks.
    func begin(_ section: SegmentSection) {
        begin(
            section.rawValue, isRequired: section.isRequired,
            blockByteCount: SegmentBuilder.randomBlockByteCount)
    }

    /// Writes what `part` has gathered, once it is worth a call, and empties it.
    func drain(_ part: inout ByteWriter, all: Bool = false) throws(SegmentError) {
        guard all || part.count >= 60_000 else { return }
        try append(part.bytes)
        part.removeAll()
    }
}

extension ByteWriter {
    /// Appends `count` zeros.
    mutating func append(zeroCount count: Int) {
        append(contentsOf: repeatElement(UInt8(0), count: count))
    }
}
