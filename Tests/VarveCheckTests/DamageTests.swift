// Whatever is damaged is found, at its place, with its cause.

import Testing
import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage
import VarveStorageSimulation

@Suite struct DamageTests {
    private func report(
        _ sample: SampleStore, _ path: FilePath, _ damage: DiskDamage,
        level: CheckLevel = .checksums
    ) throws -> CheckReport? {
        let disk = sample.disk.crash(.keepAll, seed: 1)
        guard disk.damage(path, damage) else { return nil }
        var request = CheckRequest()
        request.level = level
        return try StoreCheck.run(disk, SampleStore.root, request)
    }

    private static func name(_ path: FilePath) -> String {
        String(path.text.dropFirst(SampleStore.root.text.count + 1))
    }

    /// Places in every file, as many in small ones as in large ones.
    private func places(_ sample: SampleStore) -> [(path: FilePath, offset: Int, count: Int)] {
        sample.files.flatMap { path, count in
            stride(from: 3, to: count, by: max(1, count / 24)).map { (path, $0, count) }
        }
    }

    @Test func `a flipped bit is found and named, wherever it is`() throws {
        let sample = try SampleStore()
        for (path, offset, _) in places(sample) where path.name != FileNames.lock {
            let bit = offset % 8
            let report = try #require(
                try report(sample, path, .flipBit(offset: offset, bit: bit)))
            let found = report.findings.first {
                $0.file == Self.name(path) && Self.isDamage($0)
            }
            let finding = try #require(found, "\(path) at \(offset): \(report.findings)")
            switch finding.damage {
            case .bitFlip(let at, let which)?, .checksumFlip(let at, let which)?:
                #expect(at == UInt64(offset) && which == bit, "\(path) at \(offset): \(finding)")
            default:
                Issue.record("\(path) at \(offset): \(finding)")
            }
        }
    }

    @Test func `zeroed sectors are found`() throws {
        let sample = try SampleStore()
        for (path, offset, count) in places(sample) {
            let sector = offset / 512 * 512
            let isLogEnd = path.name.hasSuffix(".wal") && count - offset <= 512
            guard !isLogEnd,
                let report = try report(sample, path, .zero(sector..<sector + 512))
            else { continue }
            let isFound = report.findings.contains {
                $0.file == Self.name(path) && Self.isDamage($0)
            }
            #expect(isFound, "\(path) at \(sector): \(report.findings)")
        }
    }

    /// Damage, or what is like it in a file that no version names: there it is none, since an
    /// interrupted write leaves such files.
    private static func isDamage(_ finding: Finding) -> Bool {
        let isNamed = finding.role != .ahead && finding.role != .obsolete
        return finding.severity == .corruption || !isNamed && finding.kind != .orphan
    }

    @Test func `a file that is cut or goes on is found`() throws {
        let sample = try SampleStore()
        for (path, offset, _) in places(sample)
        where path.name != FileNames.lock && !path.name.hasSuffix(".wal") {
            for damage in [DiskDamage.truncate(byteCount: offset), .append([1, 2, 3])] {
                let report = try #require(try report(sample, path, damage))
                let isFound = report.findings.contains {
                    $0.file == Self.name(path) && Self.isDamage($0)
                }
                #expect(isFound, "\(path) at \(offset): \(report.findings)")
            }
        }
    }

    @Test func `a missing file is found`() throws {
        let sample = try SampleStore()
        for (path, _) in sample.files {
            let disk = sample.disk.crash(.keepAll, seed: 1)
            try disk.remove(path)
            let report = try StoreCheck.run(disk, SampleStore.root)
            let name = Self.name(path)
            let image = try StoreImage(sample.disk, SampleStore.root)
            guard image.entry(name)?.role == .live, !name.hasSuffix(".wal") else { continue }
            let isFound = report.findings.contains { $0.file == name && $0.severity == .corruption }
            #expect(isFound, "\(name): \(report.findings)")
        }
    }

    @Test func `a block in the place of another is recognised`() throws {
        let sample = try SampleStore()
        let segments = sample.files.filter { $0.path.name.hasSuffix(".seg") }
        let (path, _) = try #require(segments.first)
        let segment = try SegmentImage(
            sample.disk, path: path, name: Self.name(path), role: .live, record: nil)
        let nodes = try #require(segment.index(of: SegmentSection.nodes.rawValue))
        let start = Int(segment.entries[nodes].offset)
        let report = try #require(
            try report(sample, path, .swapBlocks(start, start + 4_096, byteCount: 4_096)))
        let damages = report.findings.compactMap(\.damage)
        #expect(
            damages.contains(
                .foreignBlock(file: Self.name(path), section: "nodes", block: 1)), "\(damages)")
        #expect(report.findings.contains { $0.rowCount > 0 && !$0.ids.isEmpty })
    }

    @Test func `the ids of a damaged block are listed`() throws {
        let sample = try SampleStore()
        let (path, _) = try #require(sample.files.first { $0.path.name.hasSuffix(".seg") })
        let segment = try SegmentImage(
            sample.disk, path: path, name: Self.name(path), role: .live, record: nil)
        let nodes = try #require(segment.index(of: SegmentSection.nodes.rawValue))
        let start = Int(segment.entries[nodes].offset)
        let report = try #require(
            try report(sample, path, .zero(start..<start + 4_096)))
        let finding = try #require(report.findings.first { $0.section == "nodes" })
        #expect(finding.damage == .zeroed(UInt64(start)..<UInt64(start + 4_096)))
        #expect(finding.rowCount > 0)
        let limit = CheckRequest().idLimit
        #expect(finding.ids.count == min(finding.rowCount, limit))
    }

    @Test func `an older manifest in the place of the live one is stale`() throws {
        let sample = try SampleStore()
        let image = try StoreImage(sample.disk, SampleStore.root)
        let live = try #require(image.live)
        let older = try #require(image.versions.dropLast().last)
        let bytes = try #require(
            sample.disk.bytes(SampleStore.root.appending(FileNames.manifest(older.number))))
        let path = SampleStore.root.appending(FileNames.manifest(live.number))
        let disk = sample.disk.crash(.keepAll, seed: 1)
        disk.damage(path, .overwrite(offset: 0, bytes: bytes))
        disk.damage(path, .truncate(byteCount: bytes.count))
        let report = try StoreCheck.run(disk, SampleStore.root)
        #expect(report.findings.contains { $0.kind == .misplaced }, "\(report.findings)")
    }

    @Test func `a live manifest that cannot be read is corruption, and no file is needless then`()
        throws
    {
        let sample = try SampleStore()
        let live = try #require(try StoreImage(sample.disk, SampleStore.root).live)
        let name = FileNames.manifest(live.number)
        let path = SampleStore.root.appending(name)
        let count = try #require(sample.disk.bytes(path)).count
        let damages: [DiskDamage] = [
            .truncate(byteCount: count / 2), .truncate(byteCount: 0), .zero(0..<count),
            .overwrite(offset: count / 3, bytes: [0xAA, 0x55, 0xAA, 0x55]),
        ]
        for damage in damages {
            let disk = sample.disk.crash(.keepAll, seed: 1)
            disk.damage(path, damage)
            let report = try StoreCheck.run(disk, SampleStore.root)
            let finding = try #require(report.liveDamage.first { $0.file == name }, "\(damage)")
            #expect(finding.severity == .corruption)
            #expect(!report.findings.contains { $0.kind == .orphan || $0.kind == .sequence })
        }
    }

    @Test func `a last record that lacks one bit may be torn only where the byte is zero`() throws {
        let sample = try SampleStore(closes: false)
        let path = try #require(
            sample.disk.filePaths.filter { $0.name.hasSuffix(".wal") }.max { $0.text < $1.text })
        var walk = try LogWalk(sample.disk, path: path)
        var last: UInt64 = 0
        while let item = try walk.next() {
            if case .record(_, let offset, _, _) = item { last = offset }
        }
        // Types have one bit; the checksum behind them has many.
        for (place, bytes) in [(Int(last) + 4, 1), (Int(last) + 16, 8)] {
            for offset in place..<place + bytes {
                let byte = try #require(sample.disk.bytes(path))[offset]
                for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 {
                    let disk = sample.disk.crash(.keepAll, seed: 1)
                    disk.damage(path, .flipBit(offset: offset, bit: bit))
                    let report = try StoreCheck.run(disk, SampleStore.root)
                    let finding = try #require(
                        report.findings.first { $0.file.hasSuffix(path.name) })
                    #expect(finding.damage == .bitFlip(offset: UInt64(offset), bit: bit))
                    let isZero = byte == 1 << UInt8(bit)
                    #expect(report.worst == (isZero ? .oddity : .corruption))
                    #expect(finding.kind == (isZero ? .tornTail : .checksum))
                }
            }
        }
    }

    @Test func `names that no store makes are told`() throws {
        let sample = try SampleStore()
        let disk = sample.disk.crash(.keepAll, seed: 1)
        try disk.writeFileDurably(SampleStore.root.appending("notes.txt"), [1])
        try disk.writeFileDurably(SampleStore.root.appending("segments/000900.seg"), [1])
        try disk.writeFileDurably(SampleStore.root.appending("CURRENT.tmp"), [1])
        let report = try StoreCheck.run(disk, SampleStore.root)
        #expect(report.worst == .oddity)
        #expect(Set(report.findings.map(\.file)).count == 3)
    }
}
