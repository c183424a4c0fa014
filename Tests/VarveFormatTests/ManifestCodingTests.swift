// A manifest survives its bytes, and damaged bytes never become a manifest.

import Testing
import VarveFormat

@Suite struct ManifestCodingTests {
    @Test(arguments: [0, 1, 2, 17, 300], 0..<8 as Range<UInt64>)
    func `what is written is read back`(segmentCount: Int, seed: UInt64) throws {
        let manifest = Manifest.sample(seed: seed, segmentCount: segmentCount)
        let bytes = try manifest.encoded()
        #expect(try Manifest(decoding: bytes) == manifest, "seed \(seed)")
        #expect(try Manifest(decoding: bytes).encoded() == bytes, "seed \(seed)")
    }

    @Test func `an empty first version is read back`() throws {
        let manifest = Manifest(
            store: StoreID(low: 1, high: 2), file: FileID(3),
            schema: Schema(dimension: 128, metric: .cosine, elementType: .float32),
            createdMicroseconds: 4)
        let bytes = try manifest.encoded()
        #expect(bytes.count == 64 + 64 + 4 + 16)
        #expect(try Manifest(decoding: bytes) == manifest)
    }

    @Test func `every flipped bit of every byte is refused`() throws {
        let bytes = try Manifest.sample(seed: 1, segmentCount: 2).encoded()
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: FormatError.self, "byte \(index), bit \(bit)") {
                    try Manifest(decoding: damaged)
                }
            }
        }
    }

    @Test func `every truncation and every tail is refused`() throws {
        let bytes = try Manifest.sample(seed: 2, segmentCount: 3).encoded()
        for count in 0..<bytes.count {
            let part = Array(bytes[..<count])
            #expect(throws: FormatError.self, "\(count) bytes") {
                try Manifest(decoding: part)
            }
        }
        for tail in [[0], [0, 0, 0, 0, 0, 0, 0, 0], Array(bytes.suffix(16))] as [[UInt8]] {
            let longer = bytes + tail
            #expect(throws: FormatError.self) { try Manifest(decoding: longer) }
        }
    }

    @Test func `wrong values under a right checksum are refused and never trap`() throws {
        let manifest = Manifest.sample(seed: 3, segmentCount: 2)
        let bytes = try manifest.encoded()
        var readable = 0
        for index in 64..<bytes.count - 16 {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[index] = value
                changed = resealed(changed, file: manifest.file)
                // Another value may be as good as the first; then it must be readable again.
                guard let other = try? Manifest(decoding: changed) else { continue }
                #expect(try other.encoded() == changed, "byte \(index) set to \(value)")
                readable += 1
            }
        }
        #expect(readable > 0)
    }

    @Test func `a required extension is too new, an optional one is carried along`() throws {
        var manifest = Manifest.sample(seed: 4, segmentCount: 1)
        manifest.extensions = [ManifestExtension(tag: 1, isRequired: true, bytes: [5])]
        let bytes = try manifest.encoded()
        let error = #expect(throws: FormatError.self) {
            try Manifest(decoding: bytes)
        }
        #expect(error?.kind == .tooNew)
    }

    @Test(arguments: InvalidManifest.allCases)
    func `a manifest that contradicts itself is not written`(_ wrong: InvalidManifest) {
        var manifest = Manifest.sample(seed: 5, segmentCount: 3)
        wrong.spoil(&manifest)
        let error = #expect(throws: FormatError.self) { try manifest.encoded() }
        #expect(error?.kind == .invalidValue)
    }

    @Test func `a successor keeps everything but number, file, time and parent`() {
        let manifest = Manifest.sample(seed: 6, segmentCount: 3)
        let version = VersionNumber(manifest.version.rawValue + 1)
        var next = manifest.successor(version: version, file: FileID(1), createdMicroseconds: 2)
        #expect(next.parent == nil && next.version == version)
        next.parent = manifest.parent
        next.version = manifest.version
        next.file = manifest.file
        next.createdMicroseconds = manifest.createdMicroseconds
        #expect(next == manifest)
    }

    /// The same bytes with a footer that matches them.
    private func resealed(_ bytes: [UInt8], file: FileID) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: bytes.dropLast(8))
        writer.append(
            checksum64(writer.bytes, seed: checksumSeed(file: file, section: 0, block: 0)))
        return writer.bytes
    }
}

/// The ways a manifest can contradict itself.
enum InvalidManifest: CaseIterable {
    case versionZero, parentNotOlder, dimensionZero, dimensionTooLarge, noNextFileNumber, noLogFloor
    case emptyKey, longKey, longValue, sameKeyTwice, emptyName, longName, sameNameTwice
    case sameSegmentTwice, segmentZero, segmentFromTheFuture, sequenceBackwards, sequenceTooNew
    case moreDeletedThanRows, tombstonesFromTheFuture, sameTagTwice, longExtension

    func spoil(_ manifest: inout Manifest) {
        switch self {
        case .versionZero: manifest.version = VersionNumber(0)
        case .parentNotOlder: manifest.parent?.version = manifest.version
        case .dimensionZero: manifest.schema.dimension = 0
        case .dimensionTooLarge: manifest.schema.dimension = 65_537
        case .noNextFileNumber:
            manifest.segments = []
            manifest.nextFileNumber = 0
        case .noLogFloor: manifest.logFloor = LogNumber(0)
        case .emptyKey: manifest.options = [StoredOption(key: "", value: "a")]
        case .longKey: manifest.options = [StoredOption(key: repeated(256), value: "a")]
        case .longValue: manifest.options = [StoredOption(key: "a", value: repeated(65_536))]
        case .sameKeyTwice:
            manifest.options = [StoredOption(key: "a", value: ""), .init(key: "a", value: "b")]
        case .emptyName: manifest.attributes = [.init(name: "", type: .int)]
        case .longName: manifest.attributes = [.init(name: repeated(256), type: .int)]
        case .sameNameTwice:
            manifest.attributes = [.init(name: "a", type: .int), .init(name: "a", type: .bool)]
        case .sameTagTwice:
            manifest.extensions = [
                .init(tag: 1, isRequired: false, bytes: []),
                .init(tag: 1, isRequired: false, bytes: [1]),
            ]
        case .longExtension:
            manifest.extensions = [
                .init(tag: 1, isRequired: false, bytes: .init(repeating: 0, count: 1 << 20 + 1))
            ]
        default: spoilSegments(&manifest.segments, next: manifest.nextFileNumber)
        }
    }

    private func spoilSegments(_ segments: inout [SegmentRecord], next: UInt64) {
        switch self {
        case .sameSegmentTwice: segments[2].id = segments[0].id
        case .segmentZero: segments[1].id = SegmentID(0)
        case .segmentFromTheFuture: segments[1].id = SegmentID(next)
        case .sequenceBackwards: segments[1].firstSequence = segments[1].lastSequence.next
        case .sequenceTooNew: segments[1].lastSequence = SequenceNumber(1 << 50 + 1)
        case .moreDeletedThanRows:
            segments[0].tombstones = TombstoneRecord(
                version: VersionNumber(1), file: FileID(1), byteCount: 1,
                digest: Digest(low: 0, high: 0), deletedCount: segments[0].rowCount + 1)
        default:
            segments[0].tombstones = TombstoneRecord(
                version: VersionNumber(.max), file: FileID(1), byteCount: 1,
                digest: Digest(low: 0, high: 0), deletedCount: 0)
        }
    }

    private func repeated(_ count: Int) -> String { String(repeating: "k", count: count) }
}
