// Repairs of a store's own files: originals are set aside first, and can be put back.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

/// Repairs in place, with a way back.
///
/// The folder `quarantine` holds every file that was changed, as it was, its slash a colon; a name
/// behind `absent=` is that of a file that was not there. When a repair is through, a seal says how
/// its files lie: once something else has written to the store, undoing would take that away, and
/// is refused. A repair that was cut off has no seal, and can be undone.
struct RepairInPlace {
    /// A file that was set aside.
    struct Item {
        /// Its name in the quarantine.
        var name: String
        /// Where it came from, relative to the store; the slash is a colon in the name.
        var original: String
        var byteCount: UInt64
        /// Whether it stands for a file that was not there.
        var isAbsent: Bool
    }

    static let folder = StoreImage.quarantineFolder
    private static let sealName = "seal"
    private static let absentPrefix = "absent="
    /// What a copy is called until it is whole.
    private static let unfinishedSuffix = ".part"
    private let fileSystem: any FileSystem
    private let directory: FilePath
    private var place: FilePath { directory.appending(Self.folder) }
    private var sealPath: FilePath { place.appending(Self.sealName) }

    init(_ fileSystem: any FileSystem, _ directory: FilePath) {
        self.fileSystem = fileSystem
        self.directory = directory
    }

    /// The files set aside, in order.
    func items() throws -> [Item] {
        guard try fileSystem.status(place) != nil else { return [] }
        let names = try fileSystem.list(place).sorted().filter {
            $0 != Self.sealName && !$0.hasSuffix(Self.unfinishedSuffix)
        }
        return try names.map { name in
            let original = name.replacing(":", with: "/")
            let isAbsent = original.hasPrefix(Self.absentPrefix)
            let status = try fileSystem.status(place.appending(name))
            return Item(
                name: name,
                original: isAbsent
                    ? String(original.dropFirst(Self.absentPrefix.count)) : original,
                byteCount: status?.byteCount ?? 0, isAbsent: isAbsent)
        }
    }

    /// Throws where an earlier repair has not been undone or dropped.
    func requireEmpty() throws {
        guard try items().isEmpty else {
            throw ToolFailure.usage(
                "the quarantine is not empty: undo or drop the last repair first")
        }
    }

    private func prepare() throws {
        try requireEmpty()
        if try fileSystem.status(place) == nil { try fileSystem.createDirectory(place) }
        if try fileSystem.status(sealPath) != nil { try fileSystem.remove(sealPath) }
        try removeUnfinished()
    }

    /// Removes what an interrupted repair had begun to set aside.
    private func removeUnfinished() throws {
        for name in try fileSystem.list(place).sorted()
        where name.hasSuffix(Self.unfinishedSuffix) {
            try fileSystem.remove(place.appending(name))
        }
    }

    private func noteAbsent(_ name: String) throws {
        let safe = name.replacing("/", with: ":")
        try fileSystem.writeFileDurably(place.appending(Self.absentPrefix + safe), [])
    }

    /// Sets the originals aside, then carries the steps out.
    func carryOut(_ plan: RepairPlan) throws {
        try prepare()
        var done: Set<String> = []
        for name in plan.steps.compactMap(\.file) where done.insert(name).inserted {
            let from = directory.appending(name)
            if try fileSystem.status(from) == nil {
                try noteAbsent(name)
            } else {
                let safe = name.replacing("/", with: ":")
                // Not under its name until it is whole: else undo would put half a file back.
                let part = place.appending(safe + Self.unfinishedSuffix)
                _ = try FileCopying.copy(fileSystem, from, part)
                try fileSystem.rename(part, to: place.appending(safe))
            }
        }
        try fileSystem.syncDirectory(place)
        try fileSystem.syncDirectory(directory)
        for step in plan.steps {
            try StepWork.perform(step, plan.image, directory, isInPlace: true)
        }
        try StoreLayout.sync(fileSystem, directory)
        try seal()
    }

    /// Moves every file of the store aside, and those of the store at `made` into their place;
    /// CURRENT goes first and comes last.
    func replace(_ image: StoreImage, by made: FilePath) throws {
        try prepare()
        let old = image.entries.filter { $0.role != .lock && !$0.name.hasSuffix("/") }.map(\.name)
        let new = try StoreImage(fileSystem, made).entries.filter { $0.role != .lock }.map(\.name)
        func pointerLast(_ name: String) -> Int { name == FileNames.current ? 1 : 0 }
        for name in new where !old.contains(name) { try noteAbsent(name) }
        try fileSystem.syncDirectory(place)
        try fileSystem.syncDirectory(directory)
        for name in old.sorted(by: { pointerLast($0) > pointerLast($1) }) {
            try fileSystem.rename(
                directory.appending(name),
                to: place.appending(name.replacing("/", with: ":")))
        }
        try StoreLayout.sync(fileSystem, directory)
        try fileSystem.syncDirectory(place)
        try StoreLayout.makeMissing(fileSystem, directory)
        for name in new.sorted(by: { pointerLast($0) < pointerLast($1) }) {
            if name == FileNames.current { try StoreLayout.sync(fileSystem, directory) }
            try fileSystem.rename(made.appending(name), to: directory.appending(name))
        }
        try StoreLayout.sync(fileSystem, directory)
        try seal()
    }

    // MARK: - The way back

    /// How the store's files lie: names, lengths, and the bytes of CURRENT.
    private func state() throws -> [UInt8] {
        let image = try StoreImage(fileSystem, directory)
        var text = ""
        for entry in image.entries where entry.role != .lock {
            text += "\(entry.name) \(entry.byteCount)\n"
        }
        if case .whole(let pointer) = image.pointer { text += pointer.digest.text }
        return Array(Digest(of: Array(text.utf8)).text.utf8)
    }

    private func seal() throws {
        try fileSystem.writeFileDurably(sealPath, state())
        try fileSystem.syncDirectory(place)
    }

    /// Throws where something has written to the store since the repair.
    private func requireUnchanged() throws {
        guard try fileSystem.status(sealPath) != nil else { return }
        guard try fileSystem.readWholeFile(sealPath, limit: 4_096) == state() else {
            throw ToolFailure.usage(
                "the store has been opened or written to since the repair: undoing it would lose "
                    + "that")
        }
    }

    /// Puts everything back as it was; gives the names.
    func undo() throws -> [String] {
        let items = try items()
        guard !items.isEmpty else { throw ToolFailure.usage("there is no repair to undo") }
        try requireUnchanged()
        // What the repair brought goes before what it took away comes back; CURRENT is the last.
        if try fileSystem.status(sealPath) != nil { try fileSystem.remove(sealPath) }
        for item in items where item.original != FileNames.current { try putBack(item) }
        for item in items where item.original == FileNames.current { try putBack(item) }
        try removeUnfinished()
        try fileSystem.removeDirectory(place)
        try fileSystem.syncDirectory(directory)
        return items.map(\.original)
    }

    /// Puts one file back.
    func restore(_ name: String) throws {
        guard let item = try items().first(where: { $0.name == name || $0.original == name })
        else { throw ToolFailure.usage("the quarantine has no file \(name)") }
        try requireUnchanged()
        try putBack(item)
        try end()
    }

    /// Removes files for good.
    func drop(_ items: [Item]) throws {
        for item in items { try fileSystem.remove(place.appending(item.name)) }
        try end()
    }

    /// Removes an empty quarantine; renews the seal of another.
    private func end() throws {
        let isSealed = try fileSystem.status(sealPath) != nil
        if isSealed { try fileSystem.remove(sealPath) }
        if try items().isEmpty {
            try removeUnfinished()
            try fileSystem.removeDirectory(place)
            try fileSystem.syncDirectory(directory)
        } else if isSealed {
            try seal()
        }
    }

    private func putBack(_ item: Item) throws {
        let to = directory.appending(item.original)
        if item.isAbsent {
            if try fileSystem.status(to) != nil { try fileSystem.remove(to) }
            try fileSystem.remove(place.appending(item.name))
        } else {
            try fileSystem.rename(place.appending(item.name), to: to)
        }
        try fileSystem.syncDirectory(to.parent)
    }
}
