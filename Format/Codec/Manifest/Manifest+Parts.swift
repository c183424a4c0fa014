// The parts of a manifest's body, each written and read side by side.

extension Manifest {
    /// Appends the 64 bytes that every manifest has, in the order of the specification.
    func encodeFixed(into writer: inout ByteWriter) {
        writer.append(parent?.version.rawValue ?? 0)
        writer.append(parent?.digest.low ?? 0)
        writer.append(parent?.digest.high ?? 0)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(UInt32(schema.dimension))
        writer.append(schema.metric.rawValue)
        writer.append(schema.elementType.rawValue)
        writer.append(UInt16(0))
        writer.append(logFloor.rawValue)
        writer.append(nextFileNumber)
        writer.append(lastSequence.rawValue)
    }

    /// Reads what ``encodeFixed(into:)`` has written into a manifest that has nothing else yet.
    static func decodeFixed(
        _ reader: inout ByteReader, _ header: FileHeader
    ) throws(FormatError) -> Manifest {
        let parentVersion = try reader.readUInt64()
        let digest = Digest(low: try reader.readUInt64(), high: try reader.readUInt64())
        let created = Int64(bitPattern: try reader.readUInt64())
        let schema = try decodeSchema(&reader)
        var manifest = Manifest(
            store: header.store, file: header.file, schema: schema, createdMicroseconds: created)
        manifest.version = VersionNumber(header.number)
        if parentVersion > 0 {
            manifest.parent = ManifestParent(
                version: VersionNumber(parentVersion), digest: digest)
        } else if digest != Digest(low: 0, high: 0) {
            throw reader.error(.invalidValue, "a parent digest without a parent")
        }
        manifest.logFloor = LogNumber(try reader.readUInt64())
        manifest.nextFileNumber = try reader.readUInt64()
        manifest.lastSequence = SequenceNumber(try reader.readUInt64())
        return manifest
    }

    private static func decodeSchema(_ reader: inout ByteReader) throws(FormatError) -> Schema {
        let dimension = try reader.readUInt32()
        let metricByte = try reader.readUInt8()
        let elementByte = try reader.readUInt8()
        guard let metric = Metric(rawValue: metricByte) else {
            throw reader.error(.invalidValue, "metric \(metricByte) is unknown")
        }
        guard let elementType = ElementType(rawValue: elementByte) else {
            throw reader.error(.invalidValue, "element type \(elementByte) is unknown")
        }
        guard try reader.readUInt16() == 0 else {
            throw reader.error(.invalidValue, "reserved bytes are not zero")
        }
        return Schema(dimension: Int(dimension), metric: metric, elementType: elementType)
    }

    static func decodeOptions(_ reader: inout ByteReader) throws(FormatError) -> [StoredOption] {
        let count = try reader.readCount(limit: maximumOptionCount, "number of options")
        var options: [StoredOption] = []
        for _ in 0..<count {
            let key = try reader.readText(
                limit: StoredOption.maximumKeyByteCount, "an option's key")
            let value = try reader.readText(
                limit: StoredOption.maximumValueByteCount, "an option's value")
            options.append(StoredOption(key: key, value: value))
        }
        return options
    }

    static func decodeAttributes(
        _ reader: inout ByteReader
    ) throws(FormatError) -> [AttributeDefinition] {
        let count = try reader.readCount(limit: maximumAttributeCount, "number of attributes")
        var attributes: [AttributeDefinition] = []
        for _ in 0..<count {
            let typeByte = try reader.readUInt8()
            guard let type = AttributeType(rawValue: typeByte) else {
                throw reader.error(.invalidValue, "attribute type \(typeByte) is unknown")
            }
            let name = try reader.readText(
                limit: maximumAttributeNameByteCount, "an attribute's name")
            attributes.append(AttributeDefinition(name: name, type: type))
        }
        return attributes
    }

    static func decodeSegments(_ reader: inout ByteReader) throws(FormatError) -> [SegmentRecord] {
        let count = try reader.readCount(limit: maximumSegmentCount, "number of segments")
        var segments: [SegmentRecord] = []
        for _ in 0..<count { segments.append(try SegmentRecord(decoding: &reader)) }
        return segments
    }

    static func decodeExtensions(
        _ reader: inout ByteReader
    ) throws(FormatError) -> [ManifestExtension] {
        let count = try reader.readCount(limit: maximumExtensionCount, "number of extensions")
        var extensions: [ManifestExtension] = []
        for _ in 0..<count {
            let tag = try reader.readUInt32()
            let flags = try reader.readUInt8()
            guard flags <= 1 else {
                throw reader.error(.invalidValue, "extension flags are \(flags)")
            }
            guard flags == 0 else {
                throw reader.error(.tooNew, "required extension \(tag) is unknown")
            }
            let byteCount = try reader.readCount(
                limit: ManifestExtension.maximumByteCount, "length of an extension")
            let bytes = try reader.readBytes(byteCount)
            extensions.append(ManifestExtension(tag: tag, isRequired: false, bytes: bytes))
        }
        return extensions
    }
}

extension SegmentRecord {
    /// Appends 69 bytes, and 44 more if there are tombstones.
    func encode(into writer: inout ByteWriter) {
        writer.append(id.rawValue)
        writer.append(file.rawValue)
        writer.append(byteCount)
        writer.append(digest.low)
        writer.append(digest.high)
        writer.append(UInt32(rowCount))
        writer.append(firstSequence.rawValue)
        writer.append(lastSequence.rawValue)
        writer.append(UInt8(tombstones == nil ? 0 : 1))
        guard let tombstones else { return }
        writer.append(tombstones.version.rawValue)
        writer.append(tombstones.file.rawValue)
        writer.append(tombstones.byteCount)
        writer.append(tombstones.digest.low)
        writer.append(tombstones.digest.high)
        writer.append(UInt32(tombstones.deletedCount))
    }

    /// Reads what ``encode(into:)`` has written.
    init(decoding reader: inout ByteReader) throws(FormatError) {
        self.init(
            id: SegmentID(try reader.readUInt64()),
            file: FileID(try reader.readUInt64()),
            byteCount: try reader.readUInt64(),
            digest: Digest(low: try reader.readUInt64(), high: try reader.readUInt64()),
            rowCount: Int(try reader.readUInt32()),
            firstSequence: SequenceNumber(try reader.readUInt64()),
            lastSequence: SequenceNumber(try reader.readUInt64()))
        let hasTombstones = try reader.readUInt8()
        guard hasTombstones <= 1 else {
            throw reader.error(.invalidValue, "tombstone flag is \(hasTombstones)")
        }
        guard hasTombstones == 1 else { return }
        tombstones = TombstoneRecord(
            version: VersionNumber(try reader.readUInt64()),
            file: FileID(try reader.readUInt64()),
            byteCount: try reader.readUInt64(),
            digest: Digest(low: try reader.readUInt64(), high: try reader.readUInt64()),
            deletedCount: Int(try reader.readUInt32()))
    }
}
