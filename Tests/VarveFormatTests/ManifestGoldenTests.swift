// The worked examples of the specification are what this code writes and reads.

import Testing
import VarveFormat

@Suite struct ManifestGoldenTests {
    private static let tombstoneBytes = """
        89 56 52 56 0d 0a 1a 0a 04 00 01 00 00 00 00 00
        00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f
        10 11 12 13 14 15 16 17 2a 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 6d 8b 49 13 ec 23 da 52
        1f 00 00 00 00 00 00 00 a0 86 01 00 03 00 00 00
        1e 00 00 00 00 00 00 00 3a 30 00 00 02 00 00 00
        00 00 01 00 01 00 00 00 18 00 00 00 1c 00 00 00
        03 00 05 00 70 11 86 00 00 00 00 00 00 00 57 c0
        3b 01 ea ad 6d 87
        """
    private static let manifestBytes = """
        89 56 52 56 0d 0a 1a 0a 02 00 01 00 00 00 00 00
        00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f
        20 21 22 23 24 25 26 27 2a 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 21 71 81 47 e8 5b a7 d6
        29 00 00 00 00 00 00 00 11 11 11 11 11 11 11 11
        22 22 22 22 22 22 22 22 00 40 1e 18 24 0a 06 00
        80 00 00 00 01 00 00 00 21 00 00 00 00 00 00 00
        22 00 00 00 00 00 00 00 f4 01 00 00 00 00 00 00
        01 0a 64 75 72 61 62 69 6c 69 74 79 0b 65 76 65
        72 79 43 6f 6d 6d 69 74 01 01 06 63 6f 6c 6f 75
        72 01 1f 00 00 00 00 00 00 00 30 31 32 33 34 35
        36 37 4e 61 bc 00 00 00 00 00 33 33 33 33 33 33
        33 33 44 44 44 44 44 44 44 44 a0 86 01 00 01 00
        00 00 00 00 00 00 f4 01 00 00 00 00 00 00 01 2a
        00 00 00 00 00 00 00 10 11 12 13 14 15 16 17 86
        00 00 00 00 00 00 00 0d 9c 2d c4 5f d3 f7 1a 5d
        4c 5c af 73 e9 44 9b 03 00 00 00 00 1c 01 00 00
        00 00 00 00 e6 9a 66 c1 ec 05 ac dc
        """
    private static let currentText = """
        varve-current 1
        manifest manifest-000042
        length 284
        digest b87f110e89d1b3468db24f8c9eb9664c
        store 0f0e0d0c0b0a09080706050403020100
        checksum a3da438cb6e5db8d

        """

    private func bytes(_ hexadecimal: String) -> [UInt8] {
        hexadecimal.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
    }

    private let tombstones = TombstoneFile(
        store: StoreID(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908),
        file: FileID(0x1716_1514_1312_1110), segment: SegmentID(31), version: VersionNumber(42),
        rowCount: 100_000, rows: RowSet(ordinals: [3, 5, 70_000]))

    private var manifest: Manifest {
        var manifest = Manifest(
            store: tombstones.store, file: FileID(0x2726_2524_2322_2120),
            schema: Schema(dimension: 128, metric: .cosine, elementType: .float32),
            createdMicroseconds: 1_700_000_000_000_000,
            options: [StoredOption(key: "durability", value: "everyCommit")])
        manifest.version = VersionNumber(42)
        manifest.parent = ManifestParent(
            version: VersionNumber(41),
            digest: Digest(low: 0x1111_1111_1111_1111, high: 0x2222_2222_2222_2222))
        manifest.attributes = [AttributeDefinition(name: "colour", type: .string)]
        manifest.segments = [
            SegmentRecord(
                id: SegmentID(31), file: FileID(0x3736_3534_3332_3130), byteCount: 12_345_678,
                digest: Digest(low: 0x3333_3333_3333_3333, high: 0x4444_4444_4444_4444),
                rowCount: 100_000, firstSequence: SequenceNumber(1),
                lastSequence: SequenceNumber(500), tombstones: tombstones.encoded().record)
        ]
        manifest.logFloor = LogNumber(33)
        manifest.nextFileNumber = 34
        manifest.lastSequence = SequenceNumber(500)
        return manifest
    }

    @Test func `the tombstones of the specification`() throws {
        let golden = bytes(Self.tombstoneBytes)
        #expect(tombstones.encoded().bytes == golden)
        #expect(try TombstoneFile(decoding: golden) == tombstones)
    }

    @Test func `the manifest of the specification`() throws {
        let golden = bytes(Self.manifestBytes)
        #expect(try manifest.encoded() == golden)
        #expect(try Manifest(decoding: golden) == manifest)
    }

    @Test func `the CURRENT of the specification`() throws {
        let golden = bytes(Self.manifestBytes)
        let pointer = CurrentPointer(
            version: VersionNumber(42), byteCount: UInt64(golden.count), digest: Digest(of: golden),
            store: tombstones.store)
        #expect(pointer.encoded() == Array(Self.currentText.utf8))
        #expect(try CurrentPointer(decoding: Array(Self.currentText.utf8)) == pointer)
    }
}
