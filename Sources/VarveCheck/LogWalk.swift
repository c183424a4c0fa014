// A log as it lies on the disk, healthy or not: every record that verifies, also behind damage.

public import VarveFormat
public import VarveStorage

/// A walk over the records of a log that goes on behind damage.
///
/// Recovery stops at the first hole, as it must; this is for those who look for what is left. One
/// flipped bit in a record is put right in memory and noted.
public struct LogWalk {
    /// What a step has found.
    public enum Item {
        /// A record whose checksums match, perhaps after one bit was put right.
        case record(LogRecordHeader, offset: UInt64, payload: [UInt8], correction: Damage?)
        /// Bytes that are no record; zeros where room was never used.
        case gap(Range<UInt64>, isZero: Bool)
    }

    /// The file's header, put right if a bit had flipped; nil if it is beyond that.
    public let header: FileHeader?
    /// What is wrong with the header, if anything is and it can be told.
    public let headerDamage: Damage?
    /// Bytes of the file.
    public let byteCount: UInt64
    private let file: any StoredFile
    private var offset = UInt64(FileHeader.byteCount)
    private var flips = BitFlipSearch(hashing: 4 << 30)

    /// Opens the log at `path`.
    ///
    /// - Parameter file: The log's file id, if it is known from elsewhere and the header is not.
    /// - Throws: ``StorageError`` if it cannot be opened or read.
    public init(
        _ fileSystem: any FileSystem, path: FilePath, file known: FileID? = nil
    ) throws(StorageError) {
        file = try fileSystem.open(path, .read)
        byteCount = try file.byteCount()
        let count = Int(min(byteCount, UInt64(FileHeader.byteCount)))
        var head = try file.readBytes(count: count, at: 0)
        var header = Self.header(head)
        var damage: Damage?
        if header == nil {
            if head.allSatisfy({ $0 == 0 }) {
                damage = .zeroed(0..<UInt64(head.count))
            } else if let (index, bit) = flips.flip(
                in: &head, head.indices, matching: { Self.header($0) != nil })
            {
                damage = .bitFlip(offset: UInt64(index), bit: bit)
                head[index] ^= 1 << UInt8(bit)
                header = Self.header(head)
            }
        }
        if header == nil, let known {
            header = FileHeader(kind: .log, store: StoreID(low: 0, high: 0), file: known, number: 0)
        }
        self.header = header
        headerDamage = damage
    }

    private static func header(_ bytes: [UInt8]) -> FileHeader? {
        // Safety: every pattern of bits is a byte.
        try? FileHeader(decoding: unsafe bytes.span.bytes, expecting: .log)
    }

    /// The next record or gap; nil at the end of the file.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public mutating func next() throws(StorageError) -> Item? {
        guard let salt = header?.file, offset < byteCount else { return nil }
        if let item = try record(at: offset, salt, corrects: true) { return item }
        let start = offset
        var isZero = true
        var position = offset
        while position < byteCount {
            let count = Int(min(256 << 10, byteCount - position))
            let window = try file.readBytes(count: count, at: position)
            var next = 0
            while let place = Self.firstWord(in: window, from: next) {
                next = place + 8
                isZero = false
                guard position + UInt64(place) > start, place + 24 <= count,
                    SegmentImage.word(window, place) & 0xFFFF_FFFF <= 64 << 20,
                    try record(at: position + UInt64(place), salt, corrects: false) != nil
                else { continue }
                offset = position + UInt64(place)
                return .gap(start..<offset, isZero: isZero)
            }
            // Windows overlap by a header, so that none is cut in two.
            position += count < 256 << 10 ? UInt64(count) : UInt64(count - 24)
        }
        offset = byteCount
        return .gap(start..<byteCount, isZero: isZero)
    }

    /// Where, at a multiple of eight at or behind `start`, eight bytes (or what is left) are not
    /// all zero; nil if there is no such place.
    private static func firstWord(in window: [UInt8], from start: Int) -> Int? {
        unsafe window.withUnsafeBytes { bytes in
            var place = start
            // Safety: whole words lie inside the window; any bits are a number.
            while place + 8 <= bytes.count {
                if unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) != 0 {
                    return place
                }
                place += 8
            }
            guard place < bytes.count else { return nil }
            return unsafe bytes[place...].allSatisfy { $0 == 0 } ? nil : place
        }
    }

    /// The record at `place`, if it verifies; moves behind it if it may be corrected.
    private mutating func record(
        at place: UInt64, _ salt: FileID, corrects: Bool
    ) throws(StorageError) -> Item? {
        guard byteCount - place >= 32 else { return nil }
        var head = try file.readBytes(count: LogRecordHeader.byteCount, at: place)
        var correction: Damage?
        var reading = Self.reading(head, place, salt)
        if reading == nil, corrects, head.contains(where: { $0 != 0 }),
            let (index, bit) = flips.flip(
                in: &head, head.indices, matching: { Self.reading($0, place, salt) != nil })
        {
            head[index] ^= 1 << UInt8(bit)
            correction = .bitFlip(offset: place + UInt64(index), bit: bit)
            reading = Self.reading(head, place, salt)
        }
        guard let record = reading, UInt64(record.recordByteCount) <= byteCount - place else {
            return nil
        }
        var whole = try file.readBytes(count: record.recordByteCount, at: place)
        whole.replaceSubrange(0..<head.count, with: head)
        let start = LogRecordHeader.byteCount
        // Safety: every pattern of bits is a byte.
        if !record.verifiesPayload(unsafe whole.span.bytes, at: 0, offset: place, file: salt) {
            guard corrects, let damage = payloadDamage(&whole, place, salt) else { return nil }
            correction = correction ?? damage
        }
        if corrects { offset = place + UInt64(record.recordByteCount) }
        return .record(
            record, offset: place,
            payload: Array(whole[start..<start + record.payloadByteCount]), correction: correction)
    }

    /// Puts one flipped bit of a payload or its checksum right; nil if that is not what is wrong.
    private mutating func payloadDamage(
        _ whole: inout [UInt8], _ place: UInt64, _ salt: FileID
    ) -> Damage? {
        let start = LogRecordHeader.byteCount
        let end = whole.count - 8
        var body = Array(whole[start..<end])
        let seed = checksumSeed(file: salt, section: LogRecordHeader.payloadSection, block: place)
        let damage = flips.diagnose(
            &body, at: place + UInt64(start), expected: SegmentImage.word(whole, end), seed: seed,
            checksumOffset: place + UInt64(end))
        switch damage {
        case .bitFlip(let at, let bit)?:
            whole[Int(at - place)] ^= 1 << UInt8(bit)
            return damage
        case .checksumFlip?: return damage
        default: return nil
        }
    }

    private static func reading(
        _ bytes: [UInt8], _ offset: UInt64, _ salt: FileID
    ) -> LogRecordHeader? {
        // Safety: every pattern of bits is a byte.
        let found = try? LogRecordHeader.read(
            unsafe bytes.span.bytes, at: 0, offset: offset, file: salt)
        guard case .header(let record)? = found else { return nil }
        return record
    }
}
