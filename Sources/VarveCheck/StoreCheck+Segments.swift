// Segments and tombstone files: structure, checksums, and what happened to damaged blocks.

import VarveFormat
import VarveManifest
import VarveStorage

extension StoreCheck {
    /// Every segment that a version names, and those that none does.
    func checkSegments() {
        var seen: Set<SegmentID> = []
        for record in image.live?.manifest?.segments ?? [] {
            seen.insert(record.id)
            checkSegment(FileNames.segment(record.id), record, .live)
        }
        for entry in image.entries where entry.retiredSeconds == nil {
            guard case .segment(let id)? = entry.file, seen.insert(id).inserted else { continue }
            checkSegment(entry.name, record(of: id), entry.role)
        }
    }

    /// One segment file; its record is nil if no version names it.
    func checkSegment(_ name: String, _ record: SegmentRecord?, _ role: FileRole) {
        guard isDue(name) else { return }
        do throws(StorageError) {
            let segment = try SegmentImage(
                image.fileSystem, path: image.path(name), name: name, role: role, record: record,
                findsCauses: request.findsCauses)
            if role == .ahead, segment.problems.count > 0, segment.footer == nil {
                // It was being written; its name says so already.
                end(name)
                return
            }
            let before = report.findings.count
            if let store = image.store, let header = segment.header, header.store != store {
                add(
                    Finding(
                        .corruption, .misplaced, role: role, file: name, section: "file header",
                        offset: 16, detail: "a segment of another store"))
            }
            if request.level >= .checksums {
                try checkBlocks(segment)
            } else {
                for problem in segment.problems { add(affected(problem, segment)) }
            }
            if report.findings.count == before, let record, role == .live {
                wholeSegments.append(record.id)
            }
            if !report.isPartial { end(name) }
        } catch {
            add(error, role, name)
        }
    }

    private func checkBlocks(_ segment: SegmentImage) throws(StorageError) {
        let result = try segment.scan { willRead(segment.name, $0) }
        report.checksumCount += result.checksumCount
        let tables = segment.problems
        for problem in tables { add(affected(problem, segment)) }
        try explain(result, segment)
        if result.droppedCount > 0 {
            add(
                Finding(
                    .corruption, .checksum, role: segment.role, file: segment.name,
                    detail: "\(result.droppedCount) more damaged blocks"))
        }
        guard let record = segment.record, let digest = result.digest, digest != record.digest,
            tables.isEmpty, result.damagedBlocks.isEmpty
        else { return }
        add(
            Finding(
                .corruption, .digest, role: segment.role, file: segment.name,
                damage: .staleVersion("whole by its own checksums"),
                detail: "digest of the file is not the one in the manifest"))
    }

    /// Findings for damaged blocks; neighbours with the same cause become one.
    private func explain(
        _ result: SegmentImage.ScanResult, _ segment: SegmentImage
    ) throws(StorageError) {
        var pending: (section: Int, blocks: ClosedRange<Int>, state: SegmentImage.BlockState)?
        var explainedCount = 0
        for key in result.damagedBlocks {
            explainedCount += 1
            var (bytes, state) = try segment.block(
                section: key.section, block: key.block, explains: explainedCount <= 256)
            if case .damaged(let damage) = state, damage == nil, explainedCount <= 64 {
                state = .damaged(try foreign(bytes, segment) ?? .unknown)
            }
            if case .damaged(.zeroed(let range)?) = state, range.count < bytes.count,
                let other = try foreign(bytes, segment)
            {
                state = .damaged(other)
            }
            bytes = []
            if let last = pending, last.section == key.section,
                last.blocks.upperBound + 1 == key.block, Self.merge(last.state, state)
            {
                pending?.blocks = last.blocks.lowerBound...key.block
                continue
            }
            if let last = pending { try add(last.section, last.blocks, last.state, segment) }
            pending = (key.section, key.block...key.block, state)
        }
        if let last = pending { try add(last.section, last.blocks, last.state, segment) }
    }

    /// Whether two neighbouring blocks are damaged in the same way.
    private static func merge(
        _ first: SegmentImage.BlockState, _ second: SegmentImage.BlockState
    ) -> Bool {
        switch (first, second) {
        case (.missing, .missing), (.unverifiable, .unverifiable), (.damaged(nil), .damaged(nil)),
            (.damaged(.zeroed?), .damaged(.zeroed?)), (.damaged(.unknown?), .damaged(.unknown?)):
            true
        default: false
        }
    }

    private func foreign(
        _ bytes: [UInt8], _ segment: SegmentImage
    ) throws(StorageError) -> Damage? {
        if let place = try segment.foreignPlace(of: bytes, hashing: &foreignHashLimit) {
            return .foreignBlock(
                file: segment.name, section: segment.entries[place.section].name,
                block: place.block)
        }
        for entry in image.entries where entry.name != segment.name {
            guard case .segment(let id)? = entry.file, foreignHashLimit > 0,
                let other = try? SegmentImage(
                    image.fileSystem, path: image.path(entry.name), name: entry.name,
                    role: entry.role, record: record(of: id)),
                let place = try? other.foreignPlace(of: bytes, hashing: &foreignHashLimit)
            else { continue }
            return .foreignBlock(
                file: entry.name, section: other.entries[place.section].name, block: place.block)
        }
        return nil
    }

    private func add(
        _ section: Int, _ blocks: ClosedRange<Int>, _ state: SegmentImage.BlockState,
        _ segment: SegmentImage
    ) throws(StorageError) {
        let entry = segment.entries[section]
        let first = entry.blockRange(blocks.lowerBound).lowerBound
        let range = first..<entry.blockRange(blocks.upperBound).upperBound
        var damage: Damage?
        var what = "checksum of block \(blocks.lowerBound) does not match"
        if blocks.count > 1 {
            what = "checksums of blocks \(blocks.lowerBound) to \(blocks.upperBound) do not match"
        }
        switch state {
        case .whole: return
        case .corrected(let found): damage = found
        case .damaged(.zeroed(let zeros)?):
            let last = entry.offset + UInt64(range.upperBound)
            damage = .zeroed(zeros.lowerBound..<(blocks.count > 1 ? last : zeros.upperBound))
        case .damaged(let found): damage = found
        case .unverifiable: what = "the checksums of these blocks are damaged themselves"
        case .missing:
            what = "the file ends before these blocks do"
            damage = .truncated(byteCount: UInt64(range.count))
        }
        var finding = Finding(
            .corruption, .checksum, role: segment.role, file: segment.name, section: entry.name,
            offset: entry.offset + UInt64(range.lowerBound), byteCount: UInt64(range.count),
            damage: damage, detail: what)
        let inSection = range.clamped(to: 0..<Int(entry.byteCount))
        let rows = try segment.rows(in: inSection, of: section)
        finding.rowCount = rows.count
        for row in rows.prefix(request.idLimit) {
            if let id = try segment.id(of: RowOrdinal(row)) { finding.ids.append(id) }
        }
        add(finding)
    }

    /// A finding about the structure: without it no row can be read.
    private func affected(_ finding: Finding, _ segment: SegmentImage) -> Finding {
        var finding = finding
        if !segment.hasDirectory { finding.rowCount = segment.record?.rowCount ?? 0 }
        return finding
    }

    // MARK: - Tombstones

    /// Every tombstone file that a version names, and those that none does.
    func checkTombstones() {
        var seen: Set<StoreFile> = []
        for record in image.live?.manifest?.segments ?? [] {
            guard let tombstones = record.tombstones else { continue }
            seen.insert(.tombstones(record.id, tombstones.version))
            checkTombstones(
                FileNames.tombstones(record.id, tombstones.version), record, .live)
        }
        for entry in image.entries where entry.retiredSeconds == nil {
            guard case .tombstones(let id, let version)? = entry.file,
                seen.insert(.tombstones(id, version)).inserted
            else { continue }
            checkTombstones(entry.name, named(id, version), entry.role)
        }
    }

    /// The record of a segment with the tombstones of that version; nil if no version has it.
    private func named(_ id: SegmentID, _ version: VersionNumber) -> SegmentRecord? {
        for manifest in image.versions.reversed().compactMap(\.manifest) {
            let record = manifest.segments.first {
                $0.id == id && $0.tombstones?.version == version
            }
            if let record { return record }
        }
        return nil
    }

    func checkTombstones(_ name: String, _ record: SegmentRecord?, _ role: FileRole) {
        guard isDue(name) else { return }
        do throws(StorageError) {
            let status = try image.fileSystem.status(image.path(name))
            guard let status else {
                throw StorageError(.notFound, call: "stat", path: image.path(name))
            }
            guard willRead(name, Int(status.byteCount)) else { return }
            var bytes = try image.fileSystem.readWholeFile(
                image.path(name), limit: TombstoneFile.maximumByteCount)
            report.checksumCount += 1
            do throws(FormatError) {
                if let record, let store = image.store {
                    _ = try TombstoneFile(decoding: bytes, of: record, store: store)
                } else {
                    _ = try TombstoneFile(decoding: bytes)
                }
            } catch {
                if role != .ahead { addTombstones(error, &bytes, name, record, role) }
            }
            end(name)
        } catch {
            add(error, role, name)
        }
    }

    private func addTombstones(
        _ error: FormatError, _ bytes: inout [UInt8], _ name: String, _ record: SegmentRecord?,
        _ role: FileRole
    ) {
        var finding = Finding(error, role: role, file: name)
        let expected = record?.tombstones?.byteCount ?? UInt64(bytes.count)
        if UInt64(bytes.count) < expected {
            finding.damage = .truncated(byteCount: expected - UInt64(bytes.count))
        } else if UInt64(bytes.count) > expected {
            finding.damage = .extended(byteCount: UInt64(bytes.count) - expected)
        } else {
            finding.damage = BitFlipSearch.damage(ofWhole: &bytes, .tombstones)
        }
        finding.rowCount = record?.tombstones?.deletedCount ?? 0
        add(finding)
    }
}
