// A store's directory checked level by level; what is wrong is collected, not thrown.

import VarveFormat
import VarveManifest
public import VarveStorage

/// The check of one store, the same for the engine's tests, the oracle and the tool.
///
/// Reads only. Memory is bounded by one window of 1 MiB, the caches of one segment and the ids of
/// the findings, whatever the store holds.
public final class StoreCheck {
    /// The directory that is checked.
    public let image: StoreImage
    let request: CheckRequest
    var report = CheckReport()
    private var progress = CheckProgress()
    /// Segments without damage so far, that a reader of the engine may open.
    var wholeSegments: [SegmentID] = []
    /// Bytes that may still be hashed in search of blocks in the wrong place.
    var foreignHashLimit: UInt64 = 8 << 30

    /// A check of `image`.
    public init(_ image: StoreImage, _ request: CheckRequest = CheckRequest()) {
        self.image = image
        self.request = request
    }

    /// Checks the store in `directory`.
    ///
    /// - Throws: ``StorageError`` if the directory or a manifest cannot be read; what else cannot
    ///   be read is a finding.
    public static func run(
        _ fileSystem: any FileSystem, _ directory: FilePath,
        _ request: CheckRequest = CheckRequest()
    ) throws(StorageError) -> CheckReport {
        let image = try StoreImage(fileSystem, directory, version: request.version)
        return StoreCheck(image, request).run()
    }

    /// Checks everything that was asked for.
    public func run() -> CheckReport {
        progress.totalByteCount = image.entries.reduce(0) { $0 + $1.byteCount }
        checkPointer()
        checkVersions()
        checkDirectory()
        checkSegments()
        checkTombstones()
        checkLogs()
        if request.includesTrash, request.level >= .checksums { checkTrash() }
        if request.level >= .logic, !report.isPartial {
            checkValues()
            checkIdentities()
        }
        return report
    }

    // MARK: - Shared by the parts

    /// Keeps a finding and tells it.
    ///
    /// What no kept version names, or was being made, is no damage whatever stands in it: an
    /// interrupted write leaves such files.
    func add(_ found: Finding) {
        var finding = found
        switch found.role {
        case .ahead, .obsolete, .temporary, .stranger:
            if finding.severity == .corruption { finding.severity = .oddity }
        case .live, .history, .trash, .lock: break
        }
        if report.findings.count < CheckReport.findingLimit {
            report.findings.append(finding)
        } else {
            report.droppedFindingCount += 1
        }
        request.onFinding?(finding)
    }

    func add(_ error: FormatError, _ role: FileRole, _ file: String, damage: Damage? = nil) {
        var finding = Finding(error, role: role, file: file)
        finding.damage = damage
        add(finding)
    }

    /// Keeps what the disk would not do.
    func add(_ error: StorageError, _ role: FileRole, _ file: String) {
        let isMissing = error.kind == .notFound
        add(
            Finding(
                isMissing ? .corruption : .unreadable, isMissing ? .missing : .structure,
                role: role, file: file, detail: isMissing ? "the file is missing" : "\(error)"))
    }

    /// Says that `byteCount` bytes of `file` are about to be read; answers whether to go on.
    func willRead(_ file: String, _ byteCount: Int) -> Bool {
        guard !report.isPartial else { return false }
        progress.file = file
        report.readByteCount += UInt64(byteCount)
        progress.readByteCount = report.readByteCount
        if let observer = request.observer, !observer(progress) { report.isPartial = true }
        return !report.isPartial
    }

    /// Whether a file is to be read now: it is not finished, and nobody has ended the check.
    func isDue(_ file: String) -> Bool {
        !report.isPartial && !request.finishedFiles.contains(file)
    }

    func end(_ file: String) {
        report.fileCount += 1
        request.onFileEnd?(file)
    }

    /// What a manifest says of a segment: the live one, or else the newest that names it.
    func record(of segment: SegmentID) -> SegmentRecord? {
        let manifests =
            [image.live?.manifest].compactMap { $0 }
            + image.versions.reversed().compactMap(\.manifest)
        for manifest in manifests {
            if let record = manifest.segments.first(where: { $0.id == segment }) { return record }
        }
        return nil
    }
}
