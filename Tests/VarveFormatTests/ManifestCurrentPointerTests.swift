// CURRENT is read back, and only in the one form it is written in.

import Testing
import VarveFormat

@Suite struct ManifestCurrentPointerTests {
    let pointer = CurrentPointer(
        version: VersionNumber(42), byteCount: 1_234, digest: Digest(low: 0xAB, high: 1),
        store: StoreID(low: 5, high: 0xFFFF_FFFF_FFFF_FFFF))

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `what is written is read back`(seed: UInt64) throws {
        var random = ManifestRandom(seed: seed)
        let pointer = CurrentPointer(
            version: VersionNumber(random.next() >> (seed % 64)), byteCount: random.next(),
            digest: random.digest(), store: StoreID(low: random.next(), high: random.next()))
        let bytes = pointer.encoded()
        #expect(bytes.count <= CurrentPointer.maximumByteCount)
        #expect(try CurrentPointer(decoding: bytes) == pointer, "seed \(seed)")
    }

    @Test func `the text is what the specification shows`() {
        let text = String(decoding: pointer.encoded(), as: UTF8.self)
        #expect(
            text == """
                varve-current 1
                manifest manifest-000042
                length 1234
                digest 000000000000000100000000000000ab
                store ffffffffffffffff0000000000000005
                checksum \(text.suffix(17))
                """)
    }

    @Test func `every flipped bit and every truncation is refused`() {
        let bytes = pointer.encoded()
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: FormatError.self, "byte \(index), bit \(bit)") {
                    try CurrentPointer(decoding: damaged)
                }
            }
            #expect(throws: FormatError.self, "\(index) bytes") {
                try CurrentPointer(decoding: Array(bytes[..<index]))
            }
        }
    }

    @Test(arguments: [
        ("", FormatError.Kind.truncated), ("varve-cur", .truncated), ("garbage\n", .foreign),
        ("varve-current 1\n", .truncated), (String(repeating: "x", count: 600), .invalidValue),
    ])
    func `other texts are told apart`(text: String, kind: FormatError.Kind) {
        let error = #expect(throws: FormatError.self) {
            try CurrentPointer(decoding: Array(text.utf8))
        }
        #expect(error?.kind == kind)
    }

    @Test func `changed line endings, tails and doubled text are refused`() {
        let bytes = pointer.encoded()
        let text = String(decoding: bytes, as: UTF8.self)
        let crlf = Array(text.split(separator: "\n").map { $0 + "\r\n" }.joined().utf8)
        for wrong in [
            crlf, bytes + [0x0A], bytes + [0], bytes + bytes, [0xEF, 0xBB, 0xBF] + bytes,
        ] {
            #expect(throws: FormatError.self) { try CurrentPointer(decoding: wrong) }
        }
    }

    private static let hexadecimal = "000000000000000100000000000000ab"
    private static let otherContents: [(String, FormatError.Kind)] = [
        ("varve-current 2\nanything\n", .tooNew),
        ("varve-current 1\nmanifest manifest-000042\n", .invalidValue),
        (contents("manifest-42", "1", hexadecimal), .invalidValue),
        (contents("manifest-000042", "+1", hexadecimal), .invalidValue),
        (contents("manifest-000042", "1", hexadecimal.uppercased()), .invalidValue),
        (contents("manifest-000042", "1", "ab"), .invalidValue),
    ]

    private static func contents(_ name: String, _ length: String, _ digest: String) -> String {
        "varve-current 1\nmanifest \(name)\nlength \(length)\ndigest \(digest)\n"
            + "store \(hexadecimal)\n"
    }

    @Test(arguments: otherContents)
    func `other contents under a right checksum are told apart`(
        body: String, kind: FormatError.Kind
    ) {
        let sum = checksum64(Array(body.utf8), seed: 0x2154_4E45_5252_5543)
        let digits = String(sum, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        let error = #expect(throws: FormatError.self) {
            try CurrentPointer(decoding: Array((body + "checksum \(padded)\n").utf8))
        }
        #expect(error?.kind == kind)
    }
}
