// Manifests drawn from a seed, for the tests of manifests, CURRENT and tombstones.

import VarveFormat

/// A reproducible stream of numbers.
struct ManifestRandom: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = splitMix64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return splitMix64(state)
    }

    mutating func digest() -> Digest { Digest(low: next(), high: next()) }

    mutating func text(_ byteCount: ClosedRange<Int>) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz.0123456789-é漢")
        var text = ""
        let goal = Int.random(in: byteCount, using: &self)
        while text.utf8.count < goal {
            let letter = letters[Int.random(in: letters.indices, using: &self)]
            guard text.utf8.count + letter.utf8.count <= byteCount.upperBound else { break }
            text.append(letter)
        }
        return text
    }
}

extension Manifest {
    /// A valid manifest with `segmentCount` segments and everything else drawn from `seed`.
    static func sample(seed: UInt64, segmentCount: Int) -> Manifest {
        var random = ManifestRandom(seed: seed)
        var manifest = Manifest(
            store: StoreID(low: random.next(), high: random.next()), file: FileID(random.next()),
            schema: Schema(
                dimension: Int.random(in: 1...65_536, using: &random),
                metric: Metric.allCases.randomElement(using: &random) ?? .cosine,
                elementType: ElementType.allCases.randomElement(using: &random) ?? .int8),
            createdMicroseconds: Int64(bitPattern: random.next()))
        manifest.version = VersionNumber(.random(in: 2...1 << 40, using: &random))
        manifest.parent = ManifestParent(
            version: VersionNumber(manifest.version.rawValue - 1), digest: random.digest())
        for index in 0..<Int.random(in: 0...5, using: &random) {
            manifest.options.append(
                StoredOption(key: "key.\(index)", value: random.text(0...300)))
        }
        for index in 0..<Int.random(in: 0...5, using: &random) {
            manifest.attributes.append(
                AttributeDefinition(
                    name: "\(index)" + random.text(0...250),
                    type: AttributeType.allCases.randomElement(using: &random) ?? .bool))
        }
        for index in 0..<segmentCount {
            manifest.segments.append(
                .sample(&random, id: SegmentID(UInt64(index * 2 + 1)), of: manifest.version))
        }
        manifest.logFloor = LogNumber(.random(in: 1...1 << 30, using: &random))
        manifest.nextFileNumber = UInt64(segmentCount * 2 + 10)
        manifest.lastSequence = SequenceNumber(1 << 50)
        manifest.extensions = [
            ManifestExtension(tag: 7, isRequired: false, bytes: [1, 2, 3]),
            ManifestExtension(tag: 9, isRequired: false, bytes: []),
        ]
        return manifest
    }
}

extension SegmentRecord {
    static func sample(
        _ random: inout ManifestRandom, id: SegmentID, of version: VersionNumber
    ) -> SegmentRecord {
        let rowCount = Int.random(in: 1...1_000_000, using: &random)
        var record = SegmentRecord(
            id: id, file: FileID(random.next()), byteCount: random.next(),
            digest: random.digest(), rowCount: rowCount, firstSequence: SequenceNumber(id.rawValue),
            lastSequence: SequenceNumber(id.rawValue + 1))
        if Bool.random(using: &random) {
            record.tombstones = TombstoneRecord(
                version: version, file: FileID(random.next()), byteCount: random.next(),
                digest: random.digest(),
                deletedCount: .random(in: 0...rowCount, using: &random))
        }
        return record
    }
}
