// Derived parts made anew: graphs, codes, or the manifest.

import Varve
import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

extension Verb {
    /// Graphs, and codes with them, from the rows alone.
    @Sendable static func rebuildIndex(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let harvest = try RowHarvest(image)
        let target = try call.required("out")
        let kept = try StoreRebuilding.rebuild(
            call, harvest, at: FilePath(target), upTo: try call.harvestLimit(image))
        return show(call, harvest.count, keptCount: kept, target)
    }

    @Sendable static func rebuildManifest(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let target = FilePath(try call.required("out"))
        let made = try ManifestRebuilding(image).manifest()
        try StoreLayout.make(call.fileSystem, target)
        var names = made.files.map(\.name)
        for entry in image.entries where entry.retiredSeconds == nil {
            if case .log(let number)? = entry.file, number >= made.logFloor {
                names.append(entry.name)
            }
        }
        for name in names {
            if name.hasPrefix(FileNames.logFolder) {
                _ = try FileCopying.copy(
                    call.fileSystem, image.path(name), target.appending(name))
            } else {
                try FileCopying.linkOrCopy(
                    call.fileSystem, image.path(name), target.appending(name))
            }
        }
        let bytes = try made.encoded()
        try call.fileSystem.writeFileDurably(
            target.appending(FileNames.manifest(made.version)), bytes)
        let version = StoreImage.Version(
            number: made.version, content: .success(made), digest: Digest(of: bytes),
            byteCount: UInt64(bytes.count))
        try PointerWriting.point(call.fileSystem, target, to: made, version)
        try StoreLayout.sync(call.fileSystem, target)
        call.output.section("manifest", "Manifest made from segments") {
            call.output.fields([
                ("out", "new store", .text(target.text)),
                ("version", "version", .number(made.version.rawValue)),
                ("segments", "segments", .count(made.segments.count)),
                ("rows", "rows", .count(made.segments.reduce(0) { $0 + $1.rowCount })),
                ("last_sequence", "last write in them", .number(made.lastSequence.rawValue)),
                ("log_floor", "first log needed", .number(made.logFloor.rawValue)),
            ])
        }
        call.output.note(
            "rows that older segments hold and newer ones replaced are masked by tombstone files "
                + "alone: compare with verify --level 3")
        return .clean
    }
}

/// A manifest from what stands in segment files.
struct ManifestRebuilding {
    private let image: StoreImage

    init(_ image: StoreImage) { self.image = image }

    /// The version that the files call for.
    func manifest() throws -> Manifest {
        var records: [SegmentRecord] = []
        var schema: Schema?
        var store: StoreID?
        var attributes: [Int: AttributeDefinition] = [:]
        for entry in image.entries where entry.retiredSeconds == nil {
            guard case .segment(let id)? = entry.file,
                let segment = try? SegmentImage(
                    image.fileSystem, path: image.path(entry.name), name: entry.name,
                    role: entry.role, record: nil),
                segment.problems.isEmpty, let header = segment.header,
                let description = try segment.description()
            else { continue }
            if let schema, schema != description.schema { continue }
            schema = description.schema
            store = header.store
            for (number, definition) in description.attributes {
                attributes[Int(number.rawValue)] = definition
            }
            records.append(
                SegmentRecord(
                    id: id, file: header.file, byteCount: segment.byteCount,
                    digest: try FileDigest.of(image.fileSystem, image.path(entry.name)),
                    rowCount: description.rowCount,
                    firstSequence: description.sequences.lowerBound,
                    lastSequence: description.sequences.upperBound,
                    tombstones: tombstones(of: id)))
        }
        guard let schema = schema ?? image.schema, let store = store ?? image.store else {
            throw ToolFailure(.corruption, "no segment and no version says what the store is")
        }
        records.sort { ($0.lastSequence, $0.id) < ($1.lastSequence, $1.id) }
        return finish(records, schema, store, attributes)
    }

    private func tombstones(of id: SegmentID) -> TombstoneRecord? {
        for entry in image.entries.reversed() where entry.retiredSeconds == nil {
            guard case .tombstones(let segment, let version)? = entry.file, segment == id,
                let bytes = try? image.fileSystem.readWholeFile(
                    image.path(entry.name), limit: TombstoneFile.maximumByteCount),
                let file = try? TombstoneFile(decoding: bytes)
            else { continue }
            return TombstoneRecord(
                version: version, file: file.file, byteCount: UInt64(bytes.count),
                digest: Digest(of: bytes), deletedCount: file.rows.count)
        }
        return nil
    }

    private func finish(
        _ records: [SegmentRecord], _ schema: Schema, _ store: StoreID,
        _ attributes: [Int: AttributeDefinition]
    ) -> Manifest {
        let known = image.versions.last { $0.manifest != nil }?.manifest
        var highest = image.versions.map(\.number.rawValue).max() ?? 0
        var next: UInt64 = 1
        var logs: [LogNumber] = []
        for entry in image.entries {
            switch entry.file {
            case .log(let number)?:
                next = max(next, number.rawValue + 1)
                if entry.retiredSeconds == nil { logs.append(number) }
            case .segment(let id)?: next = max(next, id.rawValue + 1)
            case .tombstones(_, let version)?: highest = max(highest, version.rawValue)
            case .manifest?, nil: continue
            }
        }
        var made = Manifest(
            store: store, file: FileID(splitMix64(store.low ^ highest &+ 1)), schema: schema,
            createdMicroseconds: known?.createdMicroseconds ?? 0, options: known?.options ?? [])
        made.version = VersionNumber(highest + 1)
        let count = (attributes.keys.max() ?? -1) + 1
        made.attributes = known?.attributes ?? []
        for index in made.attributes.count..<max(made.attributes.count, count) {
            made.attributes.append(
                attributes[index] ?? AttributeDefinition(name: "unknown.\(index)", type: .string))
        }
        made.segments = records
        made.logFloor = logs.min() ?? LogNumber(next)
        made.nextFileNumber = next
        made.lastSequence = records.map(\.lastSequence).max() ?? .zero
        return made
    }
}
