// What would mend a store, step by step, with what each step costs.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

/// One step of a repair.
enum RepairStep: Hashable {
    /// Flip one bit of a file back: the checksum proves which.
    case flipBit(file: String, offset: UInt64, bit: Int)
    /// Cut what stands behind the end that the manifest knows.
    case cut(file: String, byteCount: UInt64)
    /// Take back a file from an identical copy in the trash.
    case takeBack(file: String, from: String)
    /// Have CURRENT name a version.
    case point(version: VersionNumber)
    /// Nothing short of a new store from what verifies: up to so many rows are lost.
    case salvage(reason: String, lostRowCount: Int)

    /// What it does, in a line.
    var line: String {
        switch self {
        case .flipBit(let file, let offset, let bit):
            "flip bit \(bit) of byte \(offset) of \(file) back"
        case .cut(let file, let count): "cut \(file) to \(count) bytes"
        case .takeBack(let file, let from): "take \(file) back from \(from), which is the same"
        case .point(let version): "have CURRENT name version \(version.rawValue)"
        case .salvage(let reason, _): "build a new store from what verifies: \(reason)"
        }
    }

    /// What is lost by it.
    var loss: String {
        guard case .salvage(_, let count) = self else { return "nothing" }
        return count == 0 ? "no row" : "up to \(Units.grouped(count)) rows"
    }

    /// The file it changes.
    var file: String? {
        switch self {
        case .flipBit(let file, _, _), .cut(let file, _), .takeBack(let file, _): file
        case .point: FileNames.current
        case .salvage: nil
        }
    }
}

/// The steps that mend a store.
struct RepairPlan {
    let image: StoreImage
    /// The steps, in the order they are carried out.
    private(set) var steps: [RepairStep] = []
    /// Findings that no step is about, with why.
    private(set) var left: [(finding: Finding, why: String)] = []
    /// What the check found.
    let report: CheckReport

    /// Looks at every byte and decides.
    init(_ image: StoreImage, _ request: CheckRequest) {
        self.image = image
        var request = request
        request.level = .logic
        request.includesTrash = false
        report = StoreCheck(image, request).run()
        for finding in report.findings { decide(finding) }
        pointer()
    }

    /// Whether rows are lost, so that a new store is needed.
    var needsNewStore: Bool {
        steps.contains { if case .salvage = $0 { true } else { false } }
    }

    /// A name for exactly this plan over exactly these files.
    var hash: String {
        var text = image.store?.text ?? "-"
        for step in steps { text += "\n" + step.line }
        for entry in image.entries where entry.role != .lock {
            text += "\n\(entry.name) \(entry.byteCount)"
        }
        return String(Digest(of: Array(text.utf8)).text.prefix(16))
    }

    private mutating func add(_ step: RepairStep) {
        if !steps.contains(step) { steps.append(step) }
    }

    private mutating func decide(_ finding: Finding) {
        // A last record that lacks one bit is made whole even if it may only have been torn: then
        // nobody has been told of it, and it may stay or go.
        guard
            finding.severity == .corruption || finding.kind == .tornTail && finding.damage != nil
        else {
            left.append((finding, why(finding)))
            return
        }
        switch finding.damage {
        case .bitFlip(let offset, let bit)?, .checksumFlip(let offset, let bit)?:
            add(.flipBit(file: finding.file, offset: offset, bit: bit))
            return
        case .extended(let count)?:
            if let entry = image.entry(finding.file), finding.role == .live {
                add(.cut(file: finding.file, byteCount: entry.byteCount - count))
                return
            }
        default: break
        }
        guard finding.role == .live else {
            left.append((finding, "the live version does not need the file"))
            return
        }
        if finding.file == FileNames.current { return }
        if let copy = twin(finding.file) {
            add(.takeBack(file: finding.file, from: copy))
            return
        }
        let count = finding.rowCount
        add(.salvage(reason: "\(finding.file), \(finding.section)", lostRowCount: count))
    }

    private func why(_ finding: Finding) -> String {
        switch finding.severity {
        case .tooNew: "a later version wrote it"
        case .unreadable: "the disk does not give the bytes"
        case .oddity, .corruption:
            switch finding.kind {
            case .tornTail: "the next opening goes on behind it"
            case .stranger: "not the store's own; it is left alone"
            case .recall: "a merge or rebuild graph makes a new graph"
            default: "the next opening settles it"
            }
        }
    }

    /// A retired file that is the same as `name` was.
    private func twin(_ name: String) -> String? {
        for entry in image.entries where entry.retiredSeconds != nil {
            guard let file = entry.file, file.name == name, case .segment(let id) = file,
                let record = image.live?.manifest?.segments.first(where: { $0.id == id }),
                entry.byteCount == record.byteCount,
                let digest = try? FileDigest.of(image.fileSystem, image.path(entry.name)),
                digest == record.digest
            else { continue }
            return entry.name
        }
        return nil
    }

    /// CURRENT, where it cannot be read and no flipped bit explains that.
    private mutating func pointer() {
        let isFlip = steps.contains { $0.file == FileNames.current }
        guard !image.isLiveByPointer, !isFlip,
            !report.findings.contains(where: { $0.kind == .interruptedCreation })
        else { return }
        if case .whole = image.pointer,
            image.versions.contains(where: { version in
                guard case .whole(let pointer) = image.pointer else { return false }
                return version.number == pointer.version
            })
        {
            return
        }
        guard let live = image.live, live.manifest != nil else {
            add(.salvage(reason: "no version can be read", lostRowCount: 0))
            return
        }
        add(.point(version: live.number))
    }
}

/// Digests of whole files.
enum FileDigest {
    static func of(
        _ fileSystem: any FileSystem, _ path: FilePath
    ) throws(StorageError) -> Digest {
        let file = try fileSystem.open(path, .read)
        let byteCount = try file.byteCount()
        let digest = DigestStream()
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = Int(min(1 << 20, byteCount - offset))
            let window = try file.readBytes(count: count, at: offset)
            unsafe window.withUnsafeBytes { unsafe digest.update($0) }
            offset += UInt64(count)
        }
        return digest.digest()
    }
}
