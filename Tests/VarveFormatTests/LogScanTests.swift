// The table of what a reader meets at the end of a log, row by row.

import Testing
import VarveFormat

@Suite struct LogScanTests {
    /// One log and what becomes of it.
    struct Row: CustomTestStringConvertible, Sendable {
        enum Outcome: Sendable {
            /// So many batches and this verdict.
            case reads(Int, LogVerdict)
            /// An error of this kind at this offset.
            case refuses(FormatError.Kind, UInt64)
        }

        var name: String
        var bytes: [UInt8]
        var expectation: LogExpectation
        var outcome: Outcome

        var testDescription: String { name }
    }

    static func image(_ build: (inout LogImage) -> Void) -> LogImage {
        var image = LogImage()
        build(&image)
        return image
    }

    static func damaged(_ bytes: [UInt8], at offset: UInt64) -> [UInt8] {
        var bytes = bytes
        bytes[Int(offset)] ^= 0x10
        return bytes
    }

    /// Batches at these offsets: 1 synced before 2, 2 and 3 not synced.
    static let first = LogPrologue.endOffset
    static let second = first + 48
    static let third = second + 48
    static let end = third + 48
    static let three = image {
        $0.appendBatch()
        $0.sync()
        $0.appendBatch()
        $0.appendBatch()
    }
    static let zeros = [UInt8](repeating: 0, count: 4_096)
    static let newest = LogImage.newest()

    static let rows: [Row] = wholeRows + tornRows + damagedRows + sealedRows + roomRows

    static let wholeRows = [
        Row(
            name: "no record", bytes: LogImage().bytes, expectation: newest,
            outcome: .reads(0, .cleanEnd)),
        Row(
            name: "records to the end", bytes: three.bytes, expectation: newest,
            outcome: .reads(3, .cleanEnd)),
        Row(
            name: "records, then zeros", bytes: three.bytes + zeros, expectation: newest,
            outcome: .reads(3, .cleanEnd)),
        Row(
            name: "records, then three zeros", bytes: three.bytes + [0, 0, 0],
            expectation: newest, outcome: .reads(3, .cleanEnd)),
        Row(
            name: "sync mark",
            bytes: image {
                $0.appendBatch()
                $0.sync()
                $0.append(.syncMark, [])
                $0.appendBatch()
            }.bytes, expectation: newest, outcome: .reads(2, .cleanEnd)),
        Row(
            name: "unknown type that may be skipped",
            bytes: image {
                $0.appendBatch()
                $0.append(77, [1, 2, 3], isIgnorable: true)
                $0.appendBatch()
            }.bytes, expectation: newest, outcome: .reads(2, .cleanEnd)),
    ]

    static let tornRows = [
        Row(
            name: "last header damaged", bytes: damaged(three.bytes, at: third),
            expectation: newest, outcome: .reads(2, .tornTail(at: third))),
        Row(
            name: "last payload damaged", bytes: damaged(three.bytes + zeros, at: third + 30),
            expectation: newest, outcome: .reads(2, .tornTail(at: third))),
        Row(
            name: "last checksum damaged", bytes: damaged(three.bytes, at: end - 1),
            expectation: newest, outcome: .reads(2, .tornTail(at: third))),
        Row(
            name: "cut inside the last header", bytes: Array(three.bytes[..<Int(third + 9)]),
            expectation: newest, outcome: .reads(2, .tornTail(at: third))),
        Row(
            name: "cut inside the last payload", bytes: Array(three.bytes[..<Int(end - 3)]),
            expectation: newest, outcome: .reads(2, .tornTail(at: third))),
        Row(
            name: "unsynced record missing before an unsynced one",
            bytes: damaged(three.bytes, at: second + 25), expectation: newest,
            outcome: .reads(1, .tornTail(at: second))),
        Row(
            name: "zeros where an unsynced record was, before an unsynced one",
            bytes: Array(three.bytes[..<Int(second)]) + zeros[..<48]
                + three.bytes[Int(third)...], expectation: newest,
            outcome: .reads(1, .tornTail(at: second))),
        Row(
            name: "noise behind the records", bytes: three.bytes + zeros + [1],
            expectation: newest, outcome: .reads(3, .tornTail(at: end))),
        Row(
            name: "damage behind what is known to be synced",
            bytes: damaged(three.bytes, at: third),
            expectation: LogImage.newest(synced: third),
            outcome: .reads(2, .tornTail(at: third))),
    ]

    static let damagedRows = [
        Row(
            name: "empty file", bytes: [], expectation: newest, outcome: .refuses(.truncated, 0)),
        Row(
            name: "zeros alone", bytes: zeros, expectation: newest,
            outcome: .refuses(.foreign, 8)),
        Row(
            name: "half a header", bytes: Array(three.bytes[..<40]), expectation: newest,
            outcome: .refuses(.truncated, 40)),
        Row(
            name: "half a prologue", bytes: Array(three.bytes[..<100]) + zeros,
            expectation: newest, outcome: .refuses(.checksumMismatch, 64)),
        Row(
            name: "header of a synced record", bytes: damaged(three.bytes, at: first + 1),
            expectation: newest, outcome: .refuses(.checksumMismatch, first)),
        Row(
            name: "payload of a synced record", bytes: damaged(three.bytes, at: first + 26),
            expectation: newest, outcome: .refuses(.checksumMismatch, first)),
        Row(
            name: "zeros for a synced record",
            bytes: Array(three.bytes[..<Int(first)]) + zeros[..<48]
                + three.bytes[Int(second)...], expectation: newest,
            outcome: .refuses(.checksumMismatch, first)),
        Row(
            name: "proof far behind the damage",
            bytes: damaged(
                image {
                    $0.appendBatch()
                    $0.sync()
                    $0.appendBatch(extra: 900_000)
                    $0.sync()
                    $0.appendBatch()
                }.bytes, at: second + 70_000), expectation: newest,
            outcome: .refuses(.checksumMismatch, second)),
        Row(
            name: "damage before what is known to be synced",
            bytes: damaged(three.bytes, at: third), expectation: LogImage.newest(synced: end),
            outcome: .refuses(.checksumMismatch, third)),
        Row(
            name: "too short for what is known to be synced", bytes: three.bytes,
            expectation: LogImage.newest(synced: end + 8), outcome: .refuses(.truncated, end)),
        Row(
            name: "damaged header before records", bytes: damaged(three.bytes, at: 3),
            expectation: newest, outcome: .refuses(.foreign, 8)),
        Row(
            name: "damaged prologue before records", bytes: damaged(three.bytes, at: 90),
            expectation: newest, outcome: .refuses(.checksumMismatch, 64)),
        Row(
            name: "other store", bytes: three.bytes,
            expectation: LogExpectation(
                store: StoreID(low: 9, high: 9), number: LogNumber(1), ending: .newest()),
            outcome: .refuses(.misplaced, 16)),
        Row(
            name: "other number", bytes: three.bytes, expectation: LogImage.newest(number: 2),
            outcome: .refuses(.misplaced, 40)),
        Row(
            name: "unknown type that must be understood",
            bytes: image {
                $0.appendBatch()
                $0.append(77, [1, 2, 3])
            }.bytes, expectation: newest, outcome: .refuses(.tooNew, second)),
        Row(
            name: "sequence numbers that do not grow",
            bytes: image {
                $0.appendBatch()
                $0.append(.batch, LogImage.payload(1))
            }.bytes, expectation: newest, outcome: .refuses(.invalidValue, second)),
        Row(
            name: "a batch too short for a sequence number",
            bytes: image { $0.append(.batch, [1, 2]) }.bytes, expectation: newest,
            outcome: .refuses(.invalidValue, first)),
        Row(
            name: "synced-through that goes back",
            bytes: image {
                $0.appendBatch()
                $0.sync()
                $0.appendBatch()
                $0.appendBatch(syncedThrough: first)
            }.bytes, expectation: newest, outcome: .refuses(.invalidValue, third)),
        Row(
            name: "synced-through that lies ahead",
            bytes: image { $0.appendBatch(syncedThrough: 8_000) }.bytes, expectation: newest,
            outcome: .refuses(.invalidValue, first + 24)),
        Row(
            name: "a second prologue",
            bytes: image {
                $0.append(.prologue, LogPrologue(lastSequence: .zero).encoded())
            }.bytes, expectation: newest, outcome: .refuses(.invalidValue, first)),
    ]

    static let sealedImage = image {
        $0.appendBatch()
        $0.appendBatch()
        $0.appendEnd()
    }
    static let sealed = sealedImage.bytes
    static let sealedEnd = UInt64(sealed.count)
    static func before(_ byteCount: UInt64, _ sequence: UInt64, _ isSealed: Bool) -> LogExpectation
    {
        LogImage.before(byteCount: byteCount, sequence: sequence, isSealed: isSealed)
    }

    static let sealedRows = [
        Row(
            name: "sealed", bytes: sealed, expectation: newest, outcome: .reads(2, .sealed)),
        Row(
            name: "sealed, not yet cut to its length", bytes: sealed + zeros,
            expectation: newest, outcome: .reads(2, .sealed)),
        Row(
            name: "sealed, then noise", bytes: sealed + [0, 1], expectation: newest,
            outcome: .refuses(.invalidValue, sealedEnd)),
        Row(
            name: "sealed, shorter than what is known to be synced", bytes: sealed,
            expectation: LogImage.newest(synced: sealedEnd + 8),
            outcome: .refuses(.invalidValue, sealedEnd)),
        Row(
            name: "sealed, as the next log says", bytes: sealed,
            expectation: before(sealedEnd, 2, true), outcome: .reads(2, .sealed)),
        Row(
            name: "sealed, with zeros the next log does not know of", bytes: sealed + zeros,
            expectation: before(sealedEnd, 2, true), outcome: .refuses(.invalidValue, sealedEnd)),
        Row(
            name: "sealed, with zeros the next log knows of", bytes: sealed + zeros,
            expectation: before(sealedEnd, 2, false),
            outcome: .reads(2, .tornTail(at: sealedEnd))),
        Row(
            name: "sealed, other sequence in the next log", bytes: sealed,
            expectation: before(sealedEnd, 3, true), outcome: .refuses(.invalidValue, sealedEnd)),
        Row(
            name: "sealed, end record gone", bytes: Array(sealed[..<Int(third)]),
            expectation: before(sealedEnd, 2, true), outcome: .refuses(.truncated, third)),
        Row(
            name: "sealed, last batch damaged", bytes: damaged(sealed, at: second),
            expectation: before(sealedEnd, 2, true),
            outcome: .refuses(.checksumMismatch, second)),
        Row(
            name: "cut where the next log says", bytes: three.bytes + zeros,
            expectation: before(third, 2, false), outcome: .reads(2, .tornTail(at: third))),
        Row(
            name: "cut exactly at its end", bytes: three.bytes, expectation: before(end, 3, false),
            outcome: .reads(3, .cleanEnd)),
        Row(
            name: "cut, damaged before", bytes: damaged(three.bytes, at: second),
            expectation: before(third, 2, false), outcome: .refuses(.checksumMismatch, second)),
        Row(
            name: "cut inside a record", bytes: three.bytes,
            expectation: before(third - 8, 2, false), outcome: .refuses(.invalidValue, second)),
        Row(
            name: "cut, but shorter", bytes: Array(three.bytes[..<Int(third)]),
            expectation: before(end, 3, false), outcome: .refuses(.truncated, third)),
        Row(
            name: "another file than the next log says", bytes: sealed,
            expectation: LogImage.before(
                byteCount: sealedEnd, sequence: 2, isSealed: true, file: FileID(5)),
            outcome: .refuses(.misplaced, 32)),
        Row(
            name: "the next log follows another", bytes: sealed,
            expectation: LogExpectation(
                store: LogImage.store, number: LogNumber(1),
                ending: .before(LogPrologue(lastSequence: .zero))),
            outcome: .refuses(.misplaced, 0)),
        Row(
            name: "end record with other counts",
            bytes: image {
                $0.appendBatch()
                $0.batchCount += 1
                $0.appendEnd()
            }.bytes, expectation: newest, outcome: .refuses(.invalidValue, second)),
    ]

    /// A log that promises 1,000 bytes, and after its first batch 2,000.
    static let roomy = {
        var image = LogImage(prologue: LogPrologue(lastSequence: .zero, roomByteCount: 1_000))
        image.appendBatch()
        image.append(.room, [0xD0, 7, 0, 0, 0, 0, 0, 0])
        image.appendBatch()
        return image
    }()
    static let roomyEnd = roomy.end
    static let ended = {
        var image = roomy
        image.appendEnd()
        return image.bytes
    }()
    static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }

    static let roomRows = [
        Row(
            name: "as long as promised", bytes: padded(roomy.bytes, to: 2_000),
            expectation: newest, outcome: .reads(2, .cleanEnd)),
        Row(
            name: "longer than promised", bytes: padded(roomy.bytes, to: 2_001),
            expectation: newest, outcome: .reads(2, .cleanEnd)),
        Row(
            name: "shorter than promised", bytes: padded(roomy.bytes, to: 1_999),
            expectation: newest, outcome: .refuses(.truncated, roomyEnd)),
        Row(
            name: "cut to its last record", bytes: roomy.bytes, expectation: newest,
            outcome: .refuses(.truncated, roomyEnd)),
        Row(
            name: "cut before the second promise", bytes: Array(roomy.bytes[..<Int(second)]),
            expectation: newest, outcome: .refuses(.truncated, second)),
        Row(
            name: "shorter than promised, with an end", bytes: ended, expectation: newest,
            outcome: .reads(2, .sealed)),
        Row(
            name: "shorter than promised, its end damaged",
            bytes: damaged(ended, at: UInt64(ended.count - 1)), expectation: newest,
            outcome: .refuses(.checksumMismatch, roomyEnd)),
        Row(
            name: "shorter than promised, its end zeroed",
            bytes: padded(Array(ended[..<Int(roomyEnd)]), to: ended.count), expectation: newest,
            outcome: .refuses(.truncated, roomyEnd)),
        Row(
            name: "a promise of less",
            bytes: image {
                $0.append(.room, [0, 4, 0, 0, 0, 0, 0, 0])
                $0.append(.room, [0, 4, 0, 0, 0, 0, 0, 0])
            }.bytes, expectation: newest, outcome: .refuses(.invalidValue, first + 64)),
        Row(
            name: "a promise of the wrong length",
            bytes: image { $0.append(.room, [1, 2, 3]) }.bytes, expectation: newest,
            outcome: .refuses(.truncated, first + 24)),
    ]

    @Test(arguments: rows, [false, true])
    func `every row of the table`(row: Row, wholeWindows: Bool) throws {
        switch row.outcome {
        case .reads(let count, let verdict):
            let result = try scanLog(row.bytes, row.expectation, wholeWindows: wholeWindows)
            #expect(result.verdict == verdict)
            let all = count == 0 ? [] : (1...UInt64(count)).map { LogImage.payload($0) }
            #expect(result.payloads == all)
        case .refuses(let kind, let offset):
            let error = #expect(throws: FormatError.self) {
                try scanLog(row.bytes, row.expectation, wholeWindows: wholeWindows)
            }
            #expect(error?.kind == kind)
            #expect(error?.offset == offset)
        }
    }
}
