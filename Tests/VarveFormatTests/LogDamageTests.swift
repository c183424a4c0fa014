// Every byte of a log damaged, every length cut, records moved: the right prefix or an error.

import Testing
import VarveFormat

@Suite struct LogDamageTests {
    /// Ends of the records of `open`, and where its synced part ends.
    static let (open, ends, synced) = {
        var image = LogImage()
        var ends: [UInt64] = []
        for index in 0..<5 {
            image.appendBatch(extra: index * 3)
            ends.append(image.end)
            if index == 2 { image.sync() }
        }
        return (image.bytes, ends, ends[2])
    }()

    static let payloads = (1...5).map { LogImage.payload($0, Int($0 - 1) * 3) }

    static let sealed = {
        var image = LogImage()
        for index in 0..<3 { image.appendBatch(extra: index) }
        image.appendEnd()
        return image
    }()

    /// Batches that end at or before `offset`.
    static func whole(before offset: UInt64) -> [[UInt8]] {
        Array(payloads.prefix(ends.count { $0 <= offset }))
    }

    @Test(arguments: [0, 64])
    func `one damaged bit gives the records before it or an error`(zeroCount: Int) throws {
        let zeros = [UInt8](repeating: 0, count: zeroCount)
        for offset in Self.open.indices {
            for bit in 0..<8 {
                var bytes = Self.open + zeros
                bytes[offset] ^= 1 << bit
                let result = Result { () throws(FormatError) in
                    try scanLog(bytes, LogImage.newest())
                }
                switch result {
                case .success(let found):
                    #expect(UInt64(offset) >= Self.synced, "offset \(offset) bit \(bit)")
                    #expect(found.payloads == Self.whole(before: UInt64(offset)))
                    #expect(found.verdict == .tornTail(at: found.validByteCount))
                case .failure:
                    #expect(UInt64(offset) < Self.synced, "offset \(offset) bit \(bit)")
                }
            }
        }
    }

    @Test func `a damaged bit in the zeros behind the records loses nothing`() throws {
        for offset in Self.open.count..<Self.open.count + 60 {
            var bytes = Self.open + [UInt8](repeating: 0, count: 60)
            bytes[offset] ^= 4
            let found = try scanLog(bytes, LogImage.newest())
            #expect(found.payloads == Self.payloads)
            #expect(found.verdict == .tornTail(at: UInt64(Self.open.count)))
        }
    }

    @Test(arguments: [false, true])
    func `a log cut at any length gives the records before the cut`(isPadded: Bool) throws {
        for length in 0...Self.open.count {
            var bytes = Array(Self.open[..<length])
            if isPadded { bytes += [UInt8](repeating: 0, count: 4_096 - length) }
            guard length >= Int(LogPrologue.endOffset) else {
                #expect(throws: FormatError.self) { try scanLog(bytes, LogImage.newest()) }
                continue
            }
            let found = try scanLog(bytes, LogImage.newest())
            let expected = Self.whole(before: UInt64(length))
            #expect(found.payloads == expected, "length \(length)")
        }
    }

    @Test func `a log cut below what is known to be synced is refused`() throws {
        for length in 0..<Int(Self.synced) {
            #expect(throws: FormatError.self, "length \(length)") {
                try scanLog(
                    Array(Self.open[..<length]), LogImage.newest(synced: Self.synced))
            }
        }
    }

    @Test func `a sealed log with any bit damaged or any byte cut is refused`() throws {
        let image = Self.sealed
        let expectation = LogImage.before(byteCount: image.end, sequence: 3, isSealed: true)
        #expect(try scanLog(image.bytes, expectation).payloads.count == 3)
        for offset in image.bytes.indices {
            for bit in 0..<8 {
                var bytes = image.bytes
                bytes[offset] ^= 1 << bit
                #expect(throws: FormatError.self, "offset \(offset) bit \(bit)") {
                    try scanLog(bytes, expectation)
                }
            }
            #expect(throws: FormatError.self, "length \(offset)") {
                try scanLog(Array(image.bytes[..<offset]), expectation)
            }
        }
    }

    @Test func `records of another file are not read`() throws {
        var other = LogImage(file: FileID(77))
        for index in 0..<5 { other.appendBatch(extra: index * 3) }
        for start in [LogPrologue.endOffset] + Self.ends.dropLast() {
            let bytes = Array(Self.open[..<Int(start)] + other.bytes[Int(start)...])
            if start <= Self.synced {
                let found = try scanLog(bytes, LogImage.newest())
                #expect(found.payloads == Self.whole(before: start))
                #expect(found.verdict == .tornTail(at: start))
            } else {
                let found = try scanLog(bytes, LogImage.newest())
                #expect(found.payloads == Self.whole(before: start))
            }
        }
    }

    @Test(arguments: [8, 16, 48, 1])
    func `records moved by some bytes are not read`(shift: Int) throws {
        let start = Int(Self.ends[2])
        let moved = Self.open[..<start] + [UInt8](repeating: 0, count: shift) + Self.open[start...]
        let found = try scanLog(Array(moved), LogImage.newest())
        #expect(found.payloads == Self.whole(before: Self.synced))
        #expect(found.verdict == .tornTail(at: Self.synced))
        let doubled = Self.open[..<start] + Self.open[Int(Self.ends[1])..<start]
        #expect(try scanLog(Array(doubled), LogImage.newest()).payloads.count == 3)
    }

    @Test(arguments: UInt64(0)..<40)
    func `noise over any part never gives a wrong record`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var bytes = Self.open + [UInt8](repeating: 0, count: 200)
        let start = Int(random.next() % UInt64(bytes.count))
        let count = 1 + Int(random.next() % UInt64(bytes.count - start))
        for index in start..<start + count {
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
        }
        guard let found = try? scanLog(bytes, LogImage.newest()) else { return }
        #expect(
            found.payloads == Array(Self.payloads.prefix(found.payloads.count)), "seed \(seed)")
        #expect(UInt64(start) >= Self.synced || found.payloads.count < 3, "seed \(seed)")
    }

    @Test func `a header that claims more than the limit is refused`() throws {
        var image = LogImage()
        image.appendBatch()
        var bytes = image.bytes
        let offset = image.end
        var writer = ByteWriter()
        writer.append(UInt32(LogRecordHeader.maximumPayloadByteCount + 1))
        writer.append(UInt32(2))
        writer.append(LogPrologue.endOffset)
        let seed = checksumSeed(file: LogImage.file, section: 1, block: offset)
        writer.append(checksum64(writer.bytes, seed: seed))
        bytes += writer.bytes + [UInt8](repeating: 0, count: 512)
        let error = #expect(throws: FormatError.self) { try scanLog(bytes, LogImage.newest()) }
        #expect(error?.kind == .invalidValue)
    }
}

/// Random numbers that depend on a seed and nothing else.
struct SplitMix: RandomNumberGenerator {
    var seed: UInt64

    init(seed: UInt64) { self.seed = splitMix64(seed) }

    mutating func next() -> UInt64 {
        seed &+= 1
        return splitMix64(seed)
    }
}
