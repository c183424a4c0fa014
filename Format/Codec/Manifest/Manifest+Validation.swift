// The rules that bind a manifest's values to each other; checked before writing and after reading.

extension Manifest {
    /// Refuses values outside their ranges and values that contradict each other.
    ///
    /// - Throws: ``FormatError`` of kind `invalidValue`.
    public func validate() throws(FormatError) {
        try validateChain()
        try validateOptions()
        try validateAttributes()
        try validateSegments()
        try validateExtensions()
    }

    /// The texts are made only for an error.
    private func check(
        _ condition: Bool, _ part: @autoclosure () -> String, _ detail: @autoclosure () -> String
    ) throws(FormatError) {
        guard condition else {
            throw FormatError(
                .invalidValue, section: part(), offset: UInt64(FileHeader.byteCount),
                detail: detail())
        }
    }

    private func validateChain() throws(FormatError) {
        try check(version.rawValue > 0, "manifest", "version is zero")
        if let parent {
            try check(
                parent.version < version && parent.version.rawValue > 0, "manifest",
                "parent version \(parent.version.rawValue) of version \(version.rawValue)")
        }
        try check(
            Schema.dimensionRange.contains(schema.dimension), "schema",
            "dimension is \(schema.dimension)")
        try check(nextFileNumber > 0, "manifest", "next file number is zero")
        try check(logFloor.rawValue > 0, "manifest", "log floor is zero")
    }

    private func validateOptions() throws(FormatError) {
        try check(
            options.count <= Self.maximumOptionCount, "options", "\(options.count) options")
        // By bytes, here and below: text that only looks equal is another name.
        var seen = Set<[UInt8]>()
        for option in options {
            let keyCount = option.key.utf8.count
            try check(
                (1...StoredOption.maximumKeyByteCount).contains(keyCount), "options",
                "a key of \(keyCount) bytes")
            let valueCount = option.value.utf8.count
            try check(
                valueCount <= StoredOption.maximumValueByteCount, "options",
                "a value of \(valueCount) bytes")
            try check(
                seen.insert(Array(option.key.utf8)).inserted, "options",
                "key \(option.key) stands twice")
        }
    }

    private func validateAttributes() throws(FormatError) {
        try check(
            attributes.count <= Self.maximumAttributeCount, "attributes",
            "\(attributes.count) attributes")
        var seen = Set<[UInt8]>()
        for attribute in attributes {
            let count = attribute.name.utf8.count
            try check(
                (1...Self.maximumAttributeNameByteCount).contains(count), "attributes",
                "a name of \(count) bytes")
            try check(
                seen.insert(Array(attribute.name.utf8)).inserted, "attributes",
                "name \(attribute.name) stands twice")
        }
    }

    private func validateSegments() throws(FormatError) {
        try check(
            segments.count <= Self.maximumSegmentCount, "segments", "\(segments.count) segments")
        var seen = Set<SegmentID>()
        for segment in segments {
            var part: String { "segment \(segment.id.rawValue)" }
            try check(segment.id.rawValue > 0, part, "id is zero")
            try check(seen.insert(segment.id).inserted, part, "stands twice")
            try check(
                segment.id.rawValue < nextFileNumber, part,
                "next file number is \(nextFileNumber)")
            try check(
                (0...SegmentRecord.maximumRowCount).contains(segment.rowCount), part,
                "\(segment.rowCount) rows")
            try check(
                segment.firstSequence <= segment.lastSequence
                    && segment.lastSequence <= lastSequence, part,
                "sequence numbers \(segment.firstSequence.rawValue) to "
                    + "\(segment.lastSequence.rawValue), the store's last is "
                    + "\(lastSequence.rawValue)")
            guard let tombstones = segment.tombstones else { continue }
            try check(
                (0...segment.rowCount).contains(tombstones.deletedCount), part,
                "\(tombstones.deletedCount) of \(segment.rowCount) rows deleted")
            try check(
                tombstones.version.rawValue > 0 && tombstones.version <= version, part,
                "tombstones of version \(tombstones.version.rawValue)")
        }
    }

    private func validateExtensions() throws(FormatError) {
        try check(
            extensions.count <= Self.maximumExtensionCount, "extensions",
            "\(extensions.count) extensions")
        var seen = Set<UInt32>()
        for field in extensions {
            try check(
                seen.insert(field.tag).inserted, "extensions", "tag \(field.tag) stands twice")
            try check(
                field.bytes.count <= ManifestExtension.maximumByteCount, "extensions",
                "an extension of \(field.bytes.count) bytes")
        }
    }
}
