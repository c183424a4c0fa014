// Whole stores as soup.

import Varve
import VarveCheck
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// What fuzzers do with a store whose files have been changed.
enum StoreTargets {
    /// Opens a store whose files the input has changed: it says, eight bytes at a time, what
    /// becomes of which file.
    ///
    /// Every input is opened and read. The full programme, which takes twenty times as long, is for
    /// every 64th, whether it opens or not.
    @Sendable static func readSoup(_ bytes: [UInt8]) {
        guard let disk = try? StoreImages.disk() else { return }
        let paths = StoreImages.paths
        var rest = bytes[...]
        while rest.count >= 8 {
            change(disk, paths, Array(rest.prefix(8)))
            rest = rest.dropFirst(8)
        }
        readOnly(disk)
        if Digest(of: bytes).low % 64 == 0 { read(disk) }
    }

    private static func change(
        _ disk: SimulatedFileSystem, _ paths: [FilePath], _ word: [UInt8]
    ) {
        let path = paths[Int(word[0]) % paths.count]
        let byteCount = max(1, disk.bytes(path)?.count ?? 1)
        let place = (Int(word[1]) | Int(word[2]) << 8 | Int(word[3]) << 16) % byteCount
        switch word[4] % 7 {
        case 0: disk.damage(path, .truncate(byteCount: place))
        case 1: disk.damage(path, .zero(place..<place + 1 + Int(word[5]) * 16))
        case 2: disk.damage(path, .append(Array(word[5...])))
        case 3: disk.damage(path, .swapBlocks(0, place / 512 * 512, byteCount: 512))
        case 4:
            let other = disk.bytes(paths[Int(word[5]) % paths.count]) ?? []
            disk.damage(path, .overwrite(offset: 0, bytes: other))
        case 5: disk.damage(path, .overwrite(offset: place, bytes: Array(word[5...])))
        default: disk.damage(path, .flipBit(offset: place, bit: Int(word[5] & 7)))
        }
    }

    /// Opens without writing and reads rows.
    private static func readOnly(_ disk: SimulatedFileSystem) {
        guard
            let store = try? Store.open(
                at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 3),
                options: StoreImages.options, readOnly: true)
        else { return }
        readRows(store)
        try? store.close()
    }

    private static func readRows(_ store: Store) {
        try? store.snapshot().forEachRow { _ throws(StoreError) in true }
        let vector = [Float](repeating: 1, count: StoreImages.schema.dimension)
        _ = try? store.search(Query(vector: vector, k: 5))
    }

    /// Has the files checked, opens both ways, reads everything and writes a row.
    static func read(_ disk: SimulatedFileSystem) {
        var request = CheckRequest()
        request.level = .recall
        let report = try? StoreCheck.run(disk, StoreProtocol.root, request)
        for finding in report?.findings ?? [] { _ = "\(finding)" }
        readOnly(disk)
        guard
            let store = try? Store.open(
                at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 3),
                options: StoreImages.options)
        else { return }
        readRows(store)
        let vector = [Float](repeating: 1, count: StoreImages.schema.dimension)
        _ = try? store.upsert(id: 1, vector: vector)
        try? store.flush()
        try? store.close()
    }
}
