// Many texts one behind the other, found by number.

/// Texts being put one behind the other.
package struct TextTableWriter: Sendable {
    private(set) var ends: [UInt64] = []
    private(set) var bytes: [UInt8] = []

    /// A table without texts.
    package init() {}

    /// Texts so far.
    package var count: Int { ends.count }

    /// Appends a text by its UTF-8 bytes.
    package mutating func append(_ text: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: text)
        ends.append(UInt64(bytes.count))
    }

    /// Appends a text by its UTF-8 bytes.
    package mutating func append(_ text: ArraySlice<UInt8>) {
        bytes.append(contentsOf: text)
        ends.append(UInt64(bytes.count))
    }

    /// Appends the ends of the texts and the texts, filled up with zeros to a multiple of 8.
    func encode(into writer: inout ByteWriter) {
        for end in ends { writer.append(end) }
        writer.append(contentsOf: bytes)
        writer.pad(toMultipleOf: 8)
    }
}

/// Where texts stand in some bytes: their ends, then the texts.
struct TextTable: Sendable {
    /// How many there are.
    var count: Int
    /// Where the ends begin, eight bytes each.
    private var endsOffset: Int
    /// Where the first text begins.
    private var textOffset: Int

    /// Moves `reader` over `count` texts and checks that each is UTF-8; in a sorted table also that
    /// they ascend by their bytes.
    init(
        skipping reader: inout ByteReader, count: Int, isSorted: Bool
    ) throws(FormatError) {
        guard count <= reader.remaining / 8 else {
            throw reader.error(.truncated, "\(count) texts do not fit")
        }
        self.count = count
        endsOffset = reader.offset
        textOffset = reader.offset + count * 8
        var last: UInt64 = 0
        for _ in 0..<count {
            let end = try reader.readUInt64()
            guard end >= last, end <= UInt64(reader.bytes.byteCount) else {
                throw reader.error(.invalidValue, "texts do not follow each other")
            }
            last = end
        }
        _ = try reader.skip(Int(last))
        try reader.readPadding(toMultipleOf: 8)
        let table = self
        let wrong = unsafe reader.bytes.withUnsafeBytes { base in
            unsafe table.firstWrong(in: base, isSorted: isSorted)
        }
        if let wrong {
            throw reader.error(.invalidValue, "text \(wrong) is not one, or not in order")
        }
    }

    private func firstWrong(in base: UnsafeRawBufferPointer, isSorted: Bool) -> Int? {
        for index in 0..<count {
            let text = unsafe bytes(index, in: base)
            let span = unsafe Span<UInt8>(_unsafeBytes: text)
            guard (try? UTF8Span(validating: span)) != nil else { return index }
            guard isSorted, index > 0 else { continue }
            let order = unsafe Self.compare(bytes(index - 1, in: base), text)
            if order >= 0 { return index }
        }
        return nil
    }

    /// The UTF-8 bytes of text `index`.
    func bytes(_ index: Int, in base: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = index == 0 ? 0 : unsafe end(index - 1, in: base)
        return unsafe UnsafeRawBufferPointer(
            rebasing: base[textOffset + start..<textOffset + end(index, in: base)])
    }

    private func end(_ index: Int, in base: UnsafeRawBufferPointer) -> Int {
        precondition(index >= 0 && index < count)
        let place = endsOffset + index * 8
        return unsafe Int(
            UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
    }

    /// Text `index`.
    func text(_ index: Int, in base: UnsafeRawBufferPointer) -> String {
        unsafe String(decoding: bytes(index, in: base), as: UTF8.self)
    }

    /// The number of `text` in a sorted table, or of the first text that is not below it.
    func lowerBound(
        of text: [UInt8], in base: UnsafeRawBufferPointer
    ) -> (index: Int, isFound: Bool) {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let order = unsafe text.withUnsafeBytes {
                unsafe Self.compare(bytes(middle, in: base), $0)
            }
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    /// Below zero if `a` comes before `b` in the order of bytes, zero if they are equal.
    package static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let count = min(a.count, b.count)
        for index in 0..<count {
            let (x, y) = unsafe (a[index], b[index])
            if x != y { return x < y ? -1 : 1 }
        }
        return a.count - b.count
    }
}
