// A manifest as bytes and back. Specification: Format/Specification/manifest.md.

internal import VarveMutants

extension Manifest {
    /// Bytes behind the body: the file's length and its checksum.
    static let footerByteCount = 16

    /// The bytes of the manifest's file.
    ///
    /// - Throws: ``FormatError`` as ``validate()`` does, or if the file would exceed
    ///   ``maximumByteCount``.
    public func encoded() throws(FormatError) -> [UInt8] {
        try validate()
        var writer = ByteWriter(capacity: 1_024 + segments.count * 128)
        let header = FileHeader(
            kind: .manifest, store: store, file: file, number: version.rawValue)
        writer.append(contentsOf: header.encoded())
        encodeFixed(into: &writer)
        writer.appendVarint(UInt64(options.count))
        for option in options {
            writer.appendText(option.key)
            writer.appendText(option.value)
        }
        writer.appendVarint(UInt64(attributes.count))
        for attribute in attributes {
            writer.append(attribute.type.rawValue)
            writer.appendText(attribute.name)
        }
        writer.appendVarint(UInt64(segments.count))
        for segment in segments { segment.encode(into: &writer) }
        writer.appendVarint(UInt64(extensions.count))
        for field in extensions {
            writer.append(field.tag)
            writer.append(UInt8(field.isRequired ? 1 : 0))
            writer.appendVarint(UInt64(field.bytes.count))
            writer.append(contentsOf: field.bytes)
        }
        let byteCount = writer.count + Self.footerByteCount
        guard byteCount <= Self.maximumByteCount else {
            throw FormatError(
                .invalidValue, section: "manifest", offset: UInt64(byteCount),
                detail: "\(byteCount) bytes, at most \(Self.maximumByteCount) allowed")
        }
        writer.append(UInt64(byteCount))
        writer.append(
            checksum64(writer.bytes, seed: checksumSeed(file: file, section: 0, block: 0)))
        return writer.bytes
    }

    /// Reads and verifies the file of a manifest.
    ///
    /// - Throws: ``FormatError``: of the header, `truncated` or `checksumMismatch` for damaged
    ///   bytes, `tooNew` for a required extension, `invalidValue` for values that cannot be.
    public init(decoding bytes: RawSpan) throws(FormatError) {
        let header = try FileHeader(decoding: bytes, expecting: .manifest)
        try Self.verifyFooter(bytes, file: header.file)
        let body = bytes.extracting(0..<bytes.byteCount - Self.footerByteCount)
        var reader = ByteReader(body, section: "manifest")
        _ = try reader.skip(FileHeader.byteCount)
        self = try Self.decodeFixed(&reader, header)
        options = try Self.decodeOptions(&reader)
        attributes = try Self.decodeAttributes(&reader)
        segments = try Self.decodeSegments(&reader)
        extensions = try Self.decodeExtensions(&reader)
        try reader.expectEnd()
        try validate()
    }

    /// Reads and verifies the file of a manifest from an array.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        try self.init(decoding: unsafe bytes.span.bytes)
    }

    private static func verifyFooter(_ bytes: RawSpan, file: FileID) throws(FormatError) {
        let byteCount = bytes.byteCount
        guard byteCount >= FileHeader.byteCount + footerByteCount else {
            throw FormatError(
                .truncated, section: "manifest footer", offset: UInt64(byteCount),
                detail: "\(byteCount) bytes are too few for a manifest")
        }
        guard byteCount <= maximumByteCount else {
            throw FormatError(
                .invalidValue, section: "manifest footer", offset: UInt64(byteCount),
                detail: "\(byteCount) bytes, at most \(maximumByteCount) allowed")
        }
        let footerOffset = byteCount - footerByteCount
        var footer = ByteReader(
            bytes.extracting(footerOffset..<byteCount), section: "manifest footer",
            baseOffset: UInt64(footerOffset))
        let recordedCount = try footer.readUInt64()
        let expected = checksum64(
            bytes.extracting(0..<byteCount - 8),
            seed: checksumSeed(file: file, section: 0, block: 0))
        guard
            try footer.readUInt64() == expected || Mutant.isPlanted(.skipManifestChecksum)
        else {
            throw footer.error(.checksumMismatch, "manifest checksum does not match")
        }
        guard recordedCount == UInt64(byteCount) else {
            throw footer.error(
                .truncated, "records \(recordedCount) bytes, the file has \(byteCount)")
        }
    }
}
