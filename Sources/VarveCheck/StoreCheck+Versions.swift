// CURRENT, the manifests and the names in the directory.

import VarveFormat
import VarveManifest
import VarveStorage

extension StoreCheck {
    /// CURRENT is there, verifies, and names a version that is there and is the one it names.
    func checkPointer() {
        let name = FileNames.current
        switch image.pointer {
        case .missing: checkMissingPointer()
        case .damaged(let error):
            add(error, .live, name, damage: pointerDamage())
        case .whole(let pointer):
            let file = FileNames.manifest(pointer.version)
            guard let named = image.versions.first(where: { $0.number == pointer.version }) else {
                add(
                    Finding(
                        .corruption, .missing, role: .live, file: file,
                        detail: "CURRENT names \(file), which is missing"))
                return
            }
            guard named.digest != pointer.digest || named.byteCount != pointer.byteCount else {
                return
            }
            // Damaged by itself: said with the versions.
            guard let manifest = named.manifest else { return }
            let isOther = manifest.store != pointer.store
            add(
                Finding(
                    .corruption, isOther ? .misplaced : .digest, role: .live, file: file,
                    section: "manifest", byteCount: named.byteCount,
                    damage: .staleVersion("a whole manifest, but not the one CURRENT names"),
                    detail: isOther
                        ? "the manifest of another store"
                        : "\(named.byteCount) bytes whose digest is not the one CURRENT names"))
        }
    }

    private func checkMissingPointer() {
        let rest = image.entries.filter {
            $0.role != .lock && $0.name != FileNames.currentTemporary
        }
        let isSkeleton = rest.allSatisfy { entry in
            guard entry.name == FileNames.manifest(VersionNumber(1)) else { return false }
            guard let manifest = image.versions.first?.manifest else { return true }
            return manifest.segments.isEmpty && manifest.parent == nil
        }
        if isSkeleton {
            add(
                Finding(
                    .oddity, .interruptedCreation, role: .live, file: FileNames.current,
                    detail: "no store: the directory is empty or its creation was cut off"))
        } else {
            let count = image.versions.count { $0.manifest != nil }
            add(
                Finding(
                    .corruption, .pointer, role: .live, file: FileNames.current,
                    detail: "CURRENT is missing; \(count) versions can be read"))
        }
    }

    private func pointerDamage() -> Damage? {
        guard
            var bytes = try? image.fileSystem.readWholeFile(
                image.path(FileNames.current), limit: CurrentPointer.maximumByteCount)
        else { return nil }
        if bytes.isEmpty { return .truncated(byteCount: 0) }
        if bytes.allSatisfy({ $0 == 0 }) { return .zeroed(0..<UInt64(bytes.count)) }
        var flips = BitFlipSearch()
        let range = bytes.indices
        return flips.flip(in: &bytes, range) { (try? CurrentPointer(decoding: $0)) != nil }
            .map { .bitFlip(offset: UInt64($0.index), bit: $0.bit) }
    }

    /// Every manifest verifies, and the chain of digests holds as far as it is on the disk.
    func checkVersions() {
        let known = Dictionary(
            image.versions.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        for version in image.versions {
            let name = FileNames.manifest(version.number)
            let role = image.entry(name)?.role ?? .obsolete
            report.readByteCount += version.byteCount
            report.checksumCount += 1
            end(name)
            switch version.content {
            case .failure(let error):
                add(error, role, name, damage: version.damage ?? manifestDamage(name))
                if let manifest = version.manifest { checkChain(manifest, name, role, known) }
            case .success(let manifest):
                checkChain(manifest, name, role, known)
            }
        }
    }

    private func checkChain(
        _ manifest: Manifest, _ name: String, _ role: FileRole,
        _ known: [VersionNumber: StoreImage.Version]
    ) {
        if let store = image.store, manifest.store != store {
            add(
                Finding(
                    .corruption, .misplaced, role: role, file: name, section: "file header",
                    offset: 16, detail: "the manifest of another store"))
        }
        if role == .ahead, image.isLiveByPointer {
            add(
                Finding(
                    .oddity, .newerVersion, role: role, file: name,
                    detail: "newer than CURRENT: a publication that was cut off"))
        }
        guard let parent = manifest.parent, let found = known[parent.version],
            found.digest != parent.digest, found.manifest != nil
        else { return }
        add(
            Finding(
                .corruption, .chain, role: .history, file: FileNames.manifest(parent.version),
                section: "manifest", damage: .staleVersion("a whole manifest, but another one"),
                detail: "not the version that \(name) was made from"))
    }

    private func manifestDamage(_ name: String) -> Damage? {
        guard
            var bytes = try? image.fileSystem.readWholeFile(
                image.path(name), limit: Manifest.maximumByteCount)
        else { return nil }
        return BitFlipSearch.damage(ofWhole: &bytes, .manifest)
    }

    /// Names that nothing needs.
    func checkDirectory() {
        let isCreation = report.findings.contains { $0.kind == .interruptedCreation }
        for entry in image.entries {
            switch entry.role {
            case .stranger:
                add(
                    Finding(
                        .oddity, .stranger, role: .stranger, file: entry.name,
                        byteCount: entry.byteCount, detail: "no store makes a file of that name"))
            case .temporary:
                add(
                    Finding(
                        .oddity, .orphan, role: .temporary, file: entry.name,
                        byteCount: entry.byteCount,
                        detail: "left by a write that was cut off; the next opening removes it"))
            case .obsolete where !isCreation && !isExpected(entry),
                .ahead where !isCreation && !isManifest(entry):
                add(
                    Finding(
                        .oddity, .orphan, role: entry.role, file: entry.name,
                        byteCount: entry.byteCount, detail: "no kept version needs it"))
            default: continue
            }
        }
    }

    private func isManifest(_ entry: StoreImage.Entry) -> Bool {
        if case .manifest? = entry.file { return true }
        return false
    }

    /// Whether a file that no kept version needs may still lie there in a healthy store: the next
    /// publication retires it.
    private func isExpected(_ entry: StoreImage.Entry) -> Bool {
        guard case .log(let number)? = entry.file, let live = image.live?.manifest else {
            return false
        }
        return number < live.logFloor
    }
}
