// Ids and attribute records, one behind the other in memory that never moves.

internal import VarveFormat
internal import VarveStorage

/// An append-only arena of records: an id and the bytes of its attributes.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 4 | byte count of the id; top bit set for a text |
/// | 4 | 4 | byte count of the attributes |
/// | 8 | n | the id: 8 bytes of a number in native order, or the UTF-8 bytes of a text |
/// | 8 + n | m | the attributes, followed by zeros up to a multiple of 8 |
///
/// One writer appends; readers read what was appended before the state they see was published.
@safe struct RecordArena {
    private static let headerByteCount = 8
    private static let textFlag: UInt32 = 1 << 31

    private let base: UnsafeMutableRawPointer
    private let capacity: Int

    /// An arena in the `capacity` zeroed bytes at `base`, which are aligned to 8.
    init(base: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.base = base
        self.capacity = capacity
    }

    /// The most bytes a record of an id and `attributeByteCount` bytes takes; the id counts with
    /// its UTF-8.
    static func byteCount(idByteCount: Int, attributeByteCount: Int) -> Int {
        (headerByteCount + idByteCount + attributeByteCount + 7) & ~7
    }

    /// Writes a record at `offset`, the end of the record before it, and gives the offset behind
    /// it.
    func write(_ id: RecordID, attributes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        switch id {
        case .number(var number):
            return unsafe withUnsafeBytes(of: &number) {
                unsafe write(idBytes: $0, flag: 0, attributes: attributes, at: offset)
            }
        case .text(var text):
            return text.withUTF8 {
                let bytes = UnsafeRawBufferPointer($0)
                return unsafe write(
                    idBytes: bytes, flag: Self.textFlag, attributes: attributes, at: offset)
            }
        }
    }

    private func write(
        idBytes: UnsafeRawBufferPointer, flag: UInt32, attributes: UnsafeRawBufferPointer,
        at offset: Int
    ) -> Int {
        let end =
            offset
            + Self.byteCount(idByteCount: idBytes.count, attributeByteCount: attributes.count)
        precondition(end <= capacity, "a memtable's record arena is full")
        // Safety: the record lies inside the arena, as just checked, and no reader knows of it yet.
        let record = unsafe base + offset
        unsafe record.storeBytes(of: UInt32(idBytes.count) | flag, as: UInt32.self)
        unsafe record.storeBytes(of: UInt32(attributes.count), toByteOffset: 4, as: UInt32.self)
        if let source = idBytes.baseAddress {
            unsafe (record + Self.headerByteCount)
                .copyMemory(from: source, byteCount: idBytes.count)
        }
        if let source = attributes.baseAddress {
            unsafe (record + Self.headerByteCount + idBytes.count)
                .copyMemory(from: source, byteCount: attributes.count)
        }
        return end
    }

    // MARK: - Reading

    /// The bytes of the id at `offset`, without its kind.
    private func idBytes(at offset: Int) -> UnsafeRawBufferPointer {
        // Safety: offsets come from `append`, so a whole record stands there.
        let header = unsafe base.load(fromByteOffset: offset, as: UInt32.self)
        return unsafe UnsafeRawBufferPointer(
            start: base + offset + Self.headerByteCount, count: Int(header & ~Self.textFlag))
    }

    private func isText(at offset: Int) -> Bool {
        unsafe base.load(fromByteOffset: offset, as: UInt32.self) & Self.textFlag != 0
    }

    /// The id of the record at `offset`.
    func id(at offset: Int) -> RecordID {
        let bytes = unsafe idBytes(at: offset)
        guard isText(at: offset) else {
            return .number(unsafe bytes.loadUnaligned(as: UInt64.self))
        }
        return .text(unsafe String(decoding: bytes, as: UTF8.self))
    }

    /// The attribute bytes of the record at `offset`.
    func attributes(at offset: Int) -> UnsafeRawBufferPointer {
        let id = unsafe idBytes(at: offset)
        let count = unsafe Int(base.load(fromByteOffset: offset + 4, as: UInt32.self))
        return unsafe UnsafeRawBufferPointer(
            start: base + offset + Self.headerByteCount + id.count, count: count)
    }

    /// Whether the record at `offset` has this id.
    func hasID(_ id: RecordID, at offset: Int) -> Bool {
        switch id {
        case .number(let number):
            if isText(at: offset) { return false }
            return unsafe idBytes(at: offset).loadUnaligned(as: UInt64.self) == number
        case .text(var text):
            guard isText(at: offset) else { return false }
            return text.withUTF8 {
                unsafe equalBytes(UnsafeRawBufferPointer($0), idBytes(at: offset))
            }
        }
    }

    /// Whether the id at `a` orders before the id at `b`, as ``RecordID`` orders.
    func idPrecedes(_ a: Int, _ b: Int) -> Bool {
        let aIsText = isText(at: a)
        let bIsText = isText(at: b)
        if aIsText != bIsText { return bIsText }
        let x = unsafe idBytes(at: a)
        let y = unsafe idBytes(at: b)
        guard aIsText else {
            return unsafe x.loadUnaligned(as: UInt64.self) < y.loadUnaligned(as: UInt64.self)
        }
        return unsafe bytesPrecede(x, y)
    }
}

/// Whether two buffers hold the same bytes.
private func equalBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    var offset = 0
    while offset + 8 <= a.count {
        let x = unsafe a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let y = unsafe b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        if x != y { return false }
        offset += 8
    }
    while offset < a.count {
        if unsafe a[offset] != b[offset] { return false }
        offset += 1
    }
    return true
}

/// Whether the bytes of `a` order before those of `b`, a prefix before what it begins.
private func bytesPrecede(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    let shared = min(a.count, b.count)
    var offset = 0
    while offset + 8 <= shared {
        let x = unsafe a.loadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian
        let y = unsafe b.loadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian
        if x != y { return x < y }
        offset += 8
    }
    while offset < shared {
        let x = unsafe a[offset]
        let y = unsafe b[offset]
        if x != y { return x < y }
        offset += 1
    }
    return a.count < b.count
}
