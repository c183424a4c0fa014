// Every row of a damaged store that verifies, one after the other, newest state last.

import Varve
import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

/// What a harvest has counted.
struct HarvestCount {
    /// Live rows of segments whose bytes verify.
    var segmentRowCount = 0
    /// Rows whose attributes do not verify; kept without them.
    var bareRowCount = 0
    /// Rows that were put right by flipping one bit back, or stand in blocks that were.
    var correctedBlockCount = 0
    /// Lost rows that retired logs still had.
    var retiredRowCount = 0
    /// Lost rows for which an older copy was found.
    var olderCopyCount = 0
    /// Live rows of segments that are lost.
    var lostRowCount = 0
    /// Their ids, as far as they can be read; at most ``idLimit``.
    var lostIDs: [RecordID] = []
    /// Batches of logs that were applied.
    var batchCount = 0
    /// Operations in them.
    var operationCount = 0
    /// Sequence numbers that no log and no segment has any more.
    var missingSequences: [ClosedRange<UInt64>] = []
    /// Sentences about what could not be told.
    var doubts: [String] = []

    static let idLimit = 1 << 20
}

/// How far the writes of logs are followed.
struct HarvestLimit {
    /// The last write that counts.
    var sequence = UInt64.max
    /// The last moment that counts, in microseconds since 1970.
    var microseconds = Int64.max

    /// Whether a batch counts; behind the first that does not, none does.
    func includes(_ sequence: SequenceNumber, _ microseconds: Int64) -> Bool {
        sequence.rawValue <= self.sequence && microseconds <= self.microseconds
    }
}

/// Walks over everything a store's directory holds, and hands out what verifies.
final class RowHarvest {
    let image: StoreImage
    let schema: Schema
    /// Whether versions newer than the one CURRENT names have been published, too: not so in a
    /// store, where they are left by publications that were cut off.
    var hasPublishedVersionsOnly = false
    var count = HarvestCount()
    private var lost: Set<RecordID> = []
    /// Rows that retired logs hold, as of the live version, and no segment has given yet.
    var retired: Set<RecordID> = []
    private var names: [AttributeDefinition]
    /// The newest write in any segment that was read.
    var lastSequenceOfSegments: UInt64 = 0

    /// A harvest of `image`, whose schema must be known.
    init(_ image: StoreImage) throws {
        self.image = image
        guard let schema = try image.schema ?? Self.schemaOfSegments(image) else {
            throw ToolFailure(.corruption, "no manifest and no segment says what the store is")
        }
        self.schema = schema
        names = image.versions.last { $0.manifest != nil }?.manifest?.attributes ?? []
    }

    private static func schemaOfSegments(_ image: StoreImage) throws -> Schema? {
        for entry in image.entries {
            guard case .segment? = entry.file,
                let segment = try? SegmentImage(
                    image.fileSystem, path: image.path(entry.name), name: entry.name,
                    role: entry.role, record: nil),
                let description = try segment.description()
            else { continue }
            return description.schema
        }
        return nil
    }

    // MARK: - Segments

    /// Hands out every live row of the segments that verifies, then older copies of lost ones.
    func forEachSegmentRow(_ body: (Row) throws -> Void) throws {
        for source in sources() { try harvest(source, body) }
        // What only the retired logs gave are rows that the segments have lost.
        let found = min(retired.count, max(0, count.lostRowCount))
        count.retiredRowCount = found
        count.lostRowCount -= found
        lost.subtract(retired)
        guard !lost.isEmpty else { return }
        try forEachOlderCopy(body)
        count.lostRowCount -= count.olderCopyCount
        count.lostIDs = Array(lost.sorted().prefix(HarvestCount.idLimit))
    }

    /// A segment and the rows of it that are deleted.
    private struct Source {
        var name: String
        var role: FileRole
        var record: SegmentRecord?
        var deleted: RowSet
    }

    /// The segments of the live version, or, where none can be read, all there are, oldest first.
    private func sources() -> [Source] {
        if let live = image.live?.manifest {
            return live.segments.map { record in
                Source(
                    name: FileNames.segment(record.id), role: .live, record: record,
                    deleted: deletedRows(record))
            }
        }
        count.doubts.append("no version can be read: all segments are taken, newest rows win")
        let entries = image.entries.filter { entry in
            guard case .segment? = entry.file else { return false }
            return entry.retiredSeconds == nil
        }
        return entries.map {
            Source(name: $0.name, role: $0.role, record: nil, deleted: newestTombstones($0))
        }
    }

    /// The deleted rows of a segment, with single flipped bits put right; of an older version, with
    /// a doubt, where that does not help.
    private func deletedRows(_ record: SegmentRecord) -> RowSet {
        guard let tombstones = record.tombstones else { return RowSet() }
        let name = FileNames.tombstones(record.id, tombstones.version)
        if let file = TombstoneReading.read(image, name, byteCount: tombstones.byteCount) {
            return file.rows
        }
        let older = image.versions.reversed().lazy.compactMap(\.manifest)
            .compactMap { manifest in manifest.segments.first { $0.id == record.id }?.tombstones }
            .filter { $0.version < tombstones.version }
            .compactMap { [image] in
                TombstoneReading.read(image, FileNames.tombstones(record.id, $0.version))
            }.first
        let known = older?.rows.count ?? 0
        count.doubts.append(
            "\(name) is lost: up to \(tombstones.deletedCount - known) deleted rows of segment "
                + "\(record.id.rawValue) come back")
        return older?.rows ?? RowSet()
    }

    private func newestTombstones(_ entry: StoreImage.Entry) -> RowSet {
        guard case .segment(let id)? = entry.file else { return RowSet() }
        for other in image.entries.reversed() {
            guard case .tombstones(let segment, _)? = other.file, segment == id,
                let file = TombstoneReading.read(image, other.name)
            else { continue }
            return file.rows
        }
        return RowSet()
    }

    private func harvest(_ source: Source, _ body: (Row) throws -> Void) throws {
        let known = (source.record?.rowCount ?? 0) - source.deleted.count
        guard
            let segment = try? SegmentImage(
                image.fileSystem, path: image.path(source.name), name: source.name,
                role: source.role, record: source.record)
        else {
            count.lostRowCount += known
            count.doubts.append("\(source.name) is missing: its \(known) live rows have no ids")
            return
        }
        guard let description = try segment.description(), description.schema == schema else {
            count.lostRowCount += known
            count.doubts.append(
                "\(source.name) has no readable directory: its \(known) live rows have no ids")
            return
        }
        for row in (0..<UInt32(description.rowCount)).lazy.map({ RowOrdinal($0) }) {
            guard !source.deleted.contains(row) else { continue }
            guard let id = try segment.id(of: row) else {
                count.lostRowCount += 1
                continue
            }
            guard let found = try self.row(row, id, segment) else {
                count.lostRowCount += 1
                if lost.count < HarvestCount.idLimit { lost.insert(id) }
                continue
            }
            count.segmentRowCount += 1
            retired.remove(id)
            try body(found)
        }
        count.correctedBlockCount += segment.correctedBlockCount
        lastSequenceOfSegments = max(
            lastSequenceOfSegments, description.sequences.upperBound.rawValue)
    }

    /// A row whose id is known; nil if its vector does not verify.
    private func row(
        _ ordinal: RowOrdinal, _ id: RecordID, _ segment: SegmentImage
    ) throws -> Row? {
        guard let node = try segment.node(ordinal) else { return nil }
        var attributes: [String: AttributeValue] = [:]
        if let record = try segment.attributeRecord(of: ordinal),
            let found = try attributesByName(record, segment)
        {
            attributes = found
        } else {
            count.bareRowCount += 1
        }
        return Row(
            id: id, vector: VectorText.floats(node.vector, schema), attributes: attributes)
    }

    private func attributesByName(
        _ record: [UInt8], _ segment: SegmentImage
    ) throws -> [String: AttributeValue]? {
        if record.isEmpty { return [:] }
        // Safety: every pattern of bits is a byte.
        guard
            let values = try? AttributeRecord(unsafe record.span.bytes, baseOffset: 0).decoded(),
            let description = try segment.description()
        else { return nil }
        var result: [String: AttributeValue] = [:]
        for (id, value) in values {
            let own = description.attributes.first { $0.id == id }?.definition.name
            let index = Int(id.rawValue)
            guard let name = own ?? (index < names.count ? names[index].name : nil) else {
                return nil
            }
            result[name] = value
        }
        return result
    }

    /// Hands out the rows of the load that was write `sequence`, from the segments of its own that
    /// a later version than the live one names; deleted or not, since what deleted them came later.
    ///
    /// A load that no published version has was never acknowledged.
    func forEachLoadedRow(
        _ sequence: SequenceNumber, _ body: (Row) throws -> Void
    ) throws {
        guard hasPublishedVersionsOnly else { return }
        let version = image.versions.lazy.compactMap(\.manifest).first {
            $0.lastSequence >= sequence
        }
        for record in version?.segments ?? []
        where record.firstSequence == sequence && record.lastSequence == sequence {
            try harvest(
                Source(
                    name: FileNames.segment(record.id), role: .ahead, record: record,
                    deleted: RowSet()), body)
        }
    }

    /// Looks for lost rows in segments that the live version does not name, newest first.
    private func forEachOlderCopy(_ body: (Row) throws -> Void) throws {
        let live = Set(image.live?.manifest?.segments.map(\.id) ?? [])
        let others = image.entries.filter { entry in
            guard case .segment(let id)? = entry.file else { return false }
            return entry.retiredSeconds != nil || !live.contains(id)
        }
        for entry in others.reversed() {
            guard !lost.isEmpty,
                let segment = try? SegmentImage(
                    image.fileSystem, path: image.path(entry.name), name: entry.name,
                    role: entry.role, record: nil),
                let description = try segment.description(), description.schema == schema
            else { continue }
            for row in (0..<UInt32(description.rowCount)).lazy.map({ RowOrdinal($0) }) {
                guard let id = try segment.id(of: row), lost.contains(id),
                    let found = try self.row(row, id, segment)
                else { continue }
                lost.remove(id)
                count.olderCopyCount += 1
                try body(found)
            }
        }
    }
}

/// Tombstone files, with a single flipped bit put right.
enum TombstoneReading {
    /// The file called `name`; nil if it is missing or beyond one bit.
    ///
    /// - Parameter byteCount: Its length, where that is known: what stands behind it is left out.
    static func read(
        _ image: StoreImage, _ name: String, byteCount: UInt64? = nil
    ) -> TombstoneFile? {
        guard
            var bytes = try? image.fileSystem.readWholeFile(
                image.path(name), limit: TombstoneFile.maximumByteCount)
        else { return nil }
        if let byteCount, UInt64(bytes.count) > byteCount {
            bytes.removeLast(bytes.count - Int(byteCount))
        }
        if let file = try? TombstoneFile(decoding: bytes) { return file }
        guard bytes.count <= 1 << 16 else { return nil }
        for index in bytes.indices {
            for bit in 0..<8 {
                bytes[index] ^= 1 << UInt8(bit)
                defer { bytes[index] ^= 1 << UInt8(bit) }
                if let file = try? TombstoneFile(decoding: bytes) { return file }
            }
        }
        return nil
    }
}
