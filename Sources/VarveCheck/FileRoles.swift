// Which part each file of a directory plays.

import VarveFormat
import VarveManifest

/// The files that the versions on a disk name.
struct FileRoles {
    private let live: Manifest?
    /// The number of the live version, which may be all that is known of it.
    private let liveNumber: VersionNumber?
    private let liveFiles: Set<StoreFile>
    private let historyFiles: Set<StoreFile>
    private let historyVersions: Set<VersionNumber>
    private let oldestFloor: LogNumber

    init(live version: StoreImage.Version?, versions: [StoreImage.Version]) {
        let live = version?.manifest
        self.live = live
        liveNumber = version?.number
        liveFiles = Set(live?.files ?? [])
        let known = Dictionary(
            versions.compactMap { version in version.manifest.map { (version.number, $0) } },
            uniquingKeysWith: { first, _ in first })
        var files: Set<StoreFile> = []
        var numbers: Set<VersionNumber> = []
        var floor = live?.logFloor ?? LogNumber(0)
        var link = live?.parent
        while let parent = link, numbers.insert(parent.version).inserted {
            guard let manifest = known[parent.version] else { break }
            files.formUnion(manifest.files)
            floor = min(floor, manifest.logFloor)
            link = manifest.parent
        }
        historyFiles = files
        historyVersions = numbers
        oldestFloor = floor
    }

    /// The part that `entry` plays.
    func role(of entry: StoreImage.Entry) -> FileRole {
        if entry.name == FileNames.current { return .live }
        if entry.name == FileNames.lock { return .lock }
        if entry.name.hasSuffix(".tmp") { return .temporary }
        guard let file = entry.file else { return .stranger }
        if entry.retiredSeconds != nil { return .trash }
        guard let live else { return roleWithoutManifest(file) }
        switch file {
        case .manifest(let number):
            if number == live.version { return .live }
            if number > live.version { return .ahead }
            return historyVersions.contains(number) ? .history : .obsolete
        case .log(let number):
            if number >= live.logFloor { return .live }
            return number >= oldestFloor ? .history : .obsolete
        case .segment(let number):
            if liveFiles.contains(file) { return .live }
            if historyFiles.contains(file) { return .history }
            return number.rawValue >= live.nextFileNumber ? .ahead : .obsolete
        case .tombstones(_, let version):
            if liveFiles.contains(file) { return .live }
            if historyFiles.contains(file) { return .history }
            return version > live.version ? .ahead : .obsolete
        }
    }

    /// Where the live manifest cannot be read nobody knows what it names: nothing is called
    /// needless, and damage stays damage.
    private func roleWithoutManifest(_ file: StoreFile) -> FileRole {
        guard let liveNumber else { return .obsolete }
        guard case .manifest(let number) = file else { return .history }
        if number == liveNumber { return .live }
        return number > liveNumber ? .ahead : .history
    }
}
