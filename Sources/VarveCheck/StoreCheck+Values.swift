// Values: graphs, figures and attributes of each segment, and ids across all of them.

import VarveFormat
import VarveSegment
import VarveStorage

extension StoreCheck {
    /// Has the engine's own verification read every segment whose checksums hold.
    func checkValues() {
        guard let live = image.live?.manifest else { return }
        for record in live.segments where wholeSegments.contains(record.id) {
            let name = FileNames.segment(record.id)
            guard willRead(name, Int(record.byteCount)) else { return }
            do throws(SegmentError) {
                let found = try SegmentVerification(
                    verifying: image.path(name), of: image.fileSystem, against: record)
                checkAttributes(of: record, live)
                guard request.level >= .recall else { continue }
                if let reader = openWhole(name) {
                    report.encodedCount += try reader.verifyEncoding(
                        sampleCount: Self.encodedSampleCount)
                }
                guard let recall = found.recall else { continue }
                report.recalls.append((record.id, recall))
                checkRecall(recall, name)
            } catch {
                add(error, name)
            }
        }
    }

    private func add(_ error: SegmentError, _ name: String) {
        switch error {
        case .damaged(let error): add(error, .live, name)
        case .storage(let error): add(error, .live, name)
        case .invalidRows(let reason):
            add(Finding(.corruption, .value, role: .live, file: name, detail: reason))
        case .givenUp: preconditionFailure("nobody gives a check up")
        }
    }

    /// Rows of a segment whose codes are made anew.
    private static var encodedSampleCount: Int { 2_000 }

    /// The recall that any search of a segment with structure reaches at its widest.
    private static var leastRecall: Double { 0.85 }

    /// A recall that had been reached at sealing and is not any more.
    private func checkRecall(_ recall: Double, _ name: String) {
        guard recall < Self.leastRecall, let segment = openWhole(name),
            let canary = try? segment.canary(), canary.widths[0] > 0
        else { return }
        let percent = Int((recall * 100).rounded())
        add(
            Finding(
                .oddity, .recall, role: .live, file: name, section: "canary",
                detail: "searches find \(percent) % of the stored answers; 90 % were found when it "
                    + "was sealed"))
    }

    /// A reader of the engine for a whole segment.
    private func openWhole(_ name: String) -> SegmentReader? {
        guard
            let record = image.live?.manifest?.segments.first(where: {
                FileNames.segment($0.id) == name
            })
        else { return nil }
        return try? SegmentReader(
            fileSystem: image.fileSystem, path: image.path(name), expecting: record,
            access: .mapped)
    }

    /// The names a segment keeps for its attributes are those of the manifest.
    private func checkAttributes(of record: SegmentRecord, _ live: Manifest) {
        let name = FileNames.segment(record.id)
        guard let segment = openWhole(name) else { return }
        if segment.description.schema != live.schema {
            add(
                Finding(
                    .corruption, .value, role: .live, file: name, section: "schema",
                    detail: "another schema than the store's"))
        }
        for (id, definition) in segment.description.attributes {
            let index = Int(id.rawValue)
            guard index >= live.attributes.count || live.attributes[index] != definition else {
                continue
            }
            add(
                Finding(
                    .corruption, .value, role: .live, file: name, section: "schema",
                    detail: "attribute \(index) has another name or type in the manifest"))
        }
    }

    /// No id is alive in two segments.
    func checkIdentities() {
        guard let live = image.live?.manifest else { return }
        var cursors: [IdentityCursor] = []
        for record in live.segments where wholeSegments.contains(record.id) {
            guard let reader = openWhole(FileNames.segment(record.id)),
                let deleted = deletedRows(of: record)
            else { continue }
            var cursor = IdentityCursor(segment: record.id, reader: reader, deleted: deleted)
            guard (try? cursor.advance()) != nil else { continue }
            cursors.append(cursor)
        }
        while let least = cursors.indices.filter({ cursors[$0].id != nil })
            .min(by: { Self.precedes(cursors[$0].id, cursors[$1].id) })
        {
            let id = cursors[least].id
            for other in cursors.indices where other != least && cursors[other].id == id {
                addDouble(cursors[least], cursors[other])
                guard (try? cursors[other].advance()) != nil else { return }
            }
            guard (try? cursors[least].advance()) != nil else { return }
        }
    }

    private static func precedes(_ first: RecordID?, _ second: RecordID?) -> Bool {
        guard let first, let second else { return first != nil }
        return first < second
    }

    private func addDouble(_ first: IdentityCursor, _ second: IdentityCursor) {
        var finding = Finding(
            .corruption, .identity, role: .live, file: FileNames.segment(second.segment),
            section: SegmentSection.identifiers.rawValue,
            detail: "an id is alive here and in segment \(first.segment.rawValue)")
        finding.rowCount = 1
        finding.ids = second.id.map { [$0] } ?? []
        add(finding)
    }

    /// The deleted rows of a segment; nil if its tombstones are damaged.
    func deletedRows(of record: SegmentRecord) -> RowSet? {
        guard let tombstones = record.tombstones else { return RowSet() }
        let name = FileNames.tombstones(record.id, tombstones.version)
        guard
            let bytes = try? image.fileSystem.readWholeFile(
                image.path(name), limit: TombstoneFile.maximumByteCount)
        else { return nil }
        return (try? TombstoneFile(decoding: bytes))?.rows
    }
}

/// The living ids of one segment, in order.
struct IdentityCursor {
    let segment: SegmentID
    let reader: SegmentReader
    let deleted: RowSet
    /// The id at hand; nil behind the last.
    private(set) var id: RecordID?
    private var place = 0

    init(segment: SegmentID, reader: SegmentReader, deleted: RowSet) {
        self.segment = segment
        self.reader = reader
        self.deleted = deleted
    }

    /// Moves to the next row that is not deleted.
    mutating func advance() throws(SegmentError) {
        id = nil
        while place < reader.rowCount {
            let row = try reader.sortedOrdinal(place)
            place += 1
            guard !deleted.contains(row) else { continue }
            id = try reader.id(of: row)
            return
        }
    }
}
