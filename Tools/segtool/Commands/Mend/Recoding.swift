// Codes made anew, under the same rows and graphs.

import Varve
import VarveCheck
import VarveCompaction
import VarveFormat
import VarveManifest
import VarveSegment
import VarveStorage

extension Verb {
    @Sendable static func rebuildCodes(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let target = FilePath(try call.required("out"))
        var only: SegmentID?
        if call.text("segment") != nil {
            only = SegmentID(UInt64(try call.count("segment", default: 0)))
        }
        let recoding = try CodeRebuilding(call, image, only)
        try recoding.copy(to: target)
        try call.output.table(
            "segments", nil,
            [
                Column("segment"), Column("rows"), Column("before"), Column("after"),
                Column("recall", "recall@10"),
            ]
        ) { add in
            try recoding.rebuild(in: target) { before, after, recall in
                add([
                    .number(after.id.rawValue), .count(after.rowCount), .bytes(before.byteCount),
                    .bytes(after.byteCount), recall.map { .figure($0, 3) } ?? .none,
                ])
            }
        }
        return try checkAgain(call, target)
    }
}

/// A copy of a store in which segments are written anew with the same rows and graphs.
struct CodeRebuilding {
    private let call: Invocation
    private let image: StoreImage
    private let live: StoreImage.Version
    private let manifest: Manifest
    private let chosen: Set<SegmentID>

    /// Takes the live version's segments, or `only` one of them.
    init(_ call: Invocation, _ image: StoreImage, _ only: SegmentID?) throws {
        self.call = call
        self.image = image
        manifest = try call.manifest(image)
        guard let live = image.live else { throw ToolFailure(.corruption, "no version is live") }
        self.live = live
        let all = Set(manifest.segments.map(\.id))
        guard only.map({ all.contains($0) }) ?? true else {
            throw ToolFailure.usage("the version has no segment \(only?.rawValue ?? 0)")
        }
        chosen = only.map { [$0] } ?? all
    }

    /// Lays out everything that stays: links to files that never change, copies of logs.
    func copy(to target: FilePath) throws {
        try StoreLayout.make(call.fileSystem, target)
        let chosenNames = Set(chosen.map { FileNames.segment($0) })
        var names = manifest.files.map(\.name).filter { !chosenNames.contains($0) }
        names.append(FileNames.manifest(manifest.version))
        for name in names {
            try FileCopying.linkOrCopy(call.fileSystem, image.path(name), target.appending(name))
        }
        for entry in image.entries where entry.retiredSeconds == nil {
            guard case .log(let number)? = entry.file, number >= manifest.logFloor else { continue }
            _ = try FileCopying.copy(
                call.fileSystem, image.path(entry.name), target.appending(entry.name))
        }
    }

    /// Writes the segments, then the version that names them, then CURRENT.
    func rebuild(
        in target: FilePath,
        _ body: (_ before: SegmentRecord, _ after: SegmentRecord, _ recall: Double?) throws -> Void
    ) throws {
        var next = manifest
        next.version = VersionNumber((image.versions.last?.number ?? live.number).rawValue + 1)
        next.file = FileID(call.runtime.randomBits())
        next.parent = ManifestParent(version: live.number, digest: live.digest)
        next.createdMicroseconds = max(
            manifest.createdMicroseconds, call.runtime.wallClockMicroseconds())
        for (index, record) in manifest.segments.enumerated() where chosen.contains(record.id) {
            call.progress.tell(
                "segment \(record.id.rawValue)", done: UInt64(index),
                total: UInt64(manifest.segments.count)
            ) { "\($0)" }
            let reader = try SegmentReader(
                fileSystem: call.fileSystem, path: image.path(FileNames.segment(record.id)),
                expecting: record, access: .paged(PageCache(byteBudget: 16 << 20)))
            var made = try writeRecodedSegment(
                of: reader, record, store: manifest.store,
                file: FileID(call.runtime.randomBits()), into: target,
                fileSystem: call.fileSystem, runtime: call.runtime, threadCount: 2)
            made.tombstones = record.tombstones
            next.segments[index] = made
            let verified = try? SegmentVerification(
                verifying: target.appending(FileNames.segment(record.id)), of: call.fileSystem,
                against: made)
            try body(record, made, verified?.recall)
        }
        call.progress.clear()
        let bytes = try next.encoded()
        try call.fileSystem.writeFileDurably(
            target.appending(FileNames.manifest(next.version)), bytes)
        try StoreLayout.sync(call.fileSystem, target)
        try PointerWriting.point(
            call.fileSystem, target, to: next,
            StoreImage.Version(
                number: next.version, content: .success(next), digest: Digest(of: bytes),
                byteCount: UInt64(bytes.count)))
    }
}
