// Retired files: nothing needs them, but a salvage may.

import VarveFormat
import VarveManifest
import VarveStorage

extension StoreCheck {
    /// Retired files by their own checksums: nothing needs them, but a salvage may.
    func checkTrash() {
        for entry in image.entries where entry.retiredSeconds != nil {
            switch entry.file {
            case .segment(let id)?:
                guard isDue(entry.name) else { continue }
                checkSegment(entry.name, record(of: id), .trash)
            case .tombstones?: checkTombstones(entry.name, nil, .trash)
            case .manifest?: checkRetiredManifest(entry)
            case .log?: checkRetiredLog(entry)
            case nil: continue
            }
        }
    }

    private func checkRetiredManifest(_ entry: StoreImage.Entry) {
        guard isDue(entry.name), willRead(entry.name, Int(entry.byteCount)) else { return }
        do throws(StorageError) {
            var bytes = try image.fileSystem.readWholeFile(
                image.path(entry.name), limit: Manifest.maximumByteCount)
            do throws(FormatError) { _ = try Manifest(decoding: bytes) } catch {
                add(
                    error, .trash, entry.name,
                    damage: BitFlipSearch.damage(ofWhole: &bytes, .manifest))
            }
        } catch {
            add(error, .trash, entry.name)
        }
        end(entry.name)
    }

    /// Every record verifies up to where the next log says that this one ends.
    private func checkRetiredLog(_ entry: StoreImage.Entry) {
        guard isDue(entry.name), willRead(entry.name, Int(entry.byteCount)) else { return }
        guard case .log(let number)? = entry.file else { return }
        do throws(StorageError) {
            var walk = try LogWalk(image.fileSystem, path: image.path(entry.name))
            if let damage = walk.headerDamage {
                addRetired(entry, 0..<UInt64(FileHeader.byteCount), damage)
            } else if walk.header == nil {
                addRetired(entry, 0..<UInt64(FileHeader.byteCount), .unknown)
            }
            let due = successor(of: number)
            var goodEnd: UInt64 = 0
            var gap: (range: Range<UInt64>, isZero: Bool)?
            while let item = try walk.next() {
                switch item {
                case .record(let record, let offset, _, let correction):
                    report.checksumCount += 1
                    goodEnd = offset + UInt64(record.recordByteCount)
                    if let gap { addGap(entry, gap) }
                    gap = nil
                    if let correction { addRetired(entry, offset..<goodEnd, correction) }
                case .gap(let range, let isZero): gap = (range, isZero)
                }
            }
            // Behind the last record only what the next log counts is missed.
            if let gap, gap.range.lowerBound < due.map({ $0.byteCount }) ?? 0 {
                addGap(entry, gap)
            } else if let due, due.isSealed, entry.byteCount != due.byteCount,
                goodEnd > 0 || gap == nil
            {
                let missing = due.byteCount > entry.byteCount
                addRetired(
                    entry,
                    min(entry.byteCount, due.byteCount)..<max(entry.byteCount, due.byteCount),
                    missing
                        ? .truncated(byteCount: due.byteCount - entry.byteCount)
                        : .extended(byteCount: entry.byteCount - due.byteCount))
            } else if walk.header != nil, goodEnd == 0, entry.byteCount < LogPrologue.endOffset {
                // A log comes into being with its prologue.
                addRetired(
                    entry, entry.byteCount..<LogPrologue.endOffset,
                    .truncated(byteCount: LogPrologue.endOffset - entry.byteCount))
            }
            end(entry.name)
        } catch {
            add(error, .trash, entry.name)
        }
    }

    private func addGap(_ entry: StoreImage.Entry, _ gap: (range: Range<UInt64>, isZero: Bool)) {
        addRetired(entry, gap.range, gap.isZero ? .zeroed(gap.range) : .unknown)
    }

    private func addRetired(
        _ entry: StoreImage.Entry, _ range: Range<UInt64>, _ damage: Damage
    ) {
        add(
            Finding(
                .corruption, .checksum, role: .trash, file: entry.name,
                section: range.lowerBound == 0 ? "file header" : "log record",
                offset: range.lowerBound, byteCount: UInt64(range.count), damage: damage,
                detail: "no record verifies here"))
    }

    /// What the log after log `number`, retired or not, says of its end; nil if there is none.
    private func successor(of number: LogNumber) -> (byteCount: UInt64, isSealed: Bool)? {
        for entry in image.entries {
            guard case .log(let other)? = entry.file, other > number,
                var walk = try? LogWalk(image.fileSystem, path: image.path(entry.name)),
                case .record(let record, _, let payload, _)? = try? walk.next(),
                record.type == LogRecordType.prologue.rawValue,
                payload.count == LogPrologue.byteCount,
                SegmentImage.word(payload, 8) == number.rawValue
            else { continue }
            return (SegmentImage.word(payload, 24), SegmentImage.word(payload, 32) == 1)
        }
        return nil
    }
}
