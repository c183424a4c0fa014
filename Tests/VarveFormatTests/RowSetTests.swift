// A row set behaves as a set, has value semantics, and its bytes are canonical and safe to read.

import Testing
import VarveFormat

@Suite struct RowSetTests {
    /// Sets of every shape of container, and mixtures of them.
    static let shapes: [[UInt32]] = [
        [], [0], [65_535], [UInt32.max - 1], [5, 6], [1, 2, 3, 4], Array(0..<4_096),
        Array(0..<200_000), stride(from: 0, to: 8_194, by: 2).map { UInt32($0) },
        stride(from: 1, to: 65_536, by: 2).map { UInt32($0) },
        stride(from: 0, to: 400_000, by: 3).map { UInt32($0) },
        [0, 70_000, 140_000, 210_000, 280_000], Array(100..<900) + [70_000] + [140_000, 140_002],
    ]

    @Test(arguments: shapes.indices)
    func `a set is read back from its bytes`(_ index: Int) throws {
        let values = Self.shapes[index]
        let set = RowSet(ordinals: values)
        let bytes = set.encoded()
        let back = try RowSet(
            decoding: bytes, rowCount: Int(UInt32.max), section: "test")
        #expect(back == set && back.ordinals == values && back.count == values.count)
        #expect(RowSet.encode(ascending: values) == bytes)
        #expect(back.first?.rawValue == values.first && back.last?.rawValue == values.last)
    }

    @Test(arguments: shapes.indices)
    func `equal sets have equal bytes whatever their history`(_ index: Int) {
        let values = Self.shapes[index]
        let expected = RowSet(ordinals: values).encoded()
        var oneByOne = RowSet()
        for value in values.reversed() { oneByOne.insert(RowOrdinal(value)) }
        #expect(oneByOne.encoded() == expected)
        var fromRange = RowSet(RowOrdinal(0)..<RowOrdinal(UInt32(values.count + 10)))
        for value in 0..<UInt32(values.count + 10) { fromRange.remove(RowOrdinal(value)) }
        fromRange.formUnion(RowSet(ordinals: values))
        #expect(fromRange.encoded() == expected)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `operations agree with the set of the standard library`(seed: UInt64) {
        var random = ManifestRandom(seed: seed)
        let limit: UInt32 = [100, 10_000, 300_000][Int(seed % 3)]
        func draw() -> Set<UInt32> {
            let count = Int.random(in: 0...5_000, using: &random)
            return Set((0..<count).map { _ in UInt32.random(in: 0..<limit, using: &random) })
        }
        let (a, b) = (draw(), draw())
        let (x, y) = (RowSet(a.map { RowOrdinal($0) }), RowSet(ordinals: Array(b)))
        #expect(x.union(y).ordinals == a.union(b).sorted(), "seed \(seed)")
        #expect(x.subtracting(y).ordinals == a.subtracting(b).sorted(), "seed \(seed)")
        #expect(x.intersection(y).ordinals == a.intersection(b).sorted(), "seed \(seed)")
        #expect(x.intersectionCount(y) == a.intersection(b).count, "seed \(seed)")
        #expect(x.intersects(y) == !a.isDisjoint(with: b), "seed \(seed)")
        var z = x
        z.formUnion(y)
        z.subtract(x)
        #expect(z.ordinals == b.subtracting(a).sorted(), "seed \(seed)")
        z.formIntersection(x)
        #expect(z.isEmpty && z.count == 0 && z.first == nil && z.last == nil)
        for value in 0..<100 as Range<UInt32> {
            #expect(x.contains(RowOrdinal(value)) == a.contains(value), "seed \(seed)")
        }
        var visited: [UInt32] = []
        x.forEach { visited.append($0.rawValue) }
        #expect(visited == a.sorted(), "seed \(seed)")
        let words = x.bitWords(rowCount: Int(limit))
        #expect(words.count == Int(limit + 63) / 64 && RowSet(bitWords: words) == x)
        let half = x.bitWords(rowCount: Int(limit) / 2)
        #expect(RowSet(bitWords: half).ordinals == a.filter { $0 < limit / 2 }.sorted())
    }

    @Test func `a copy is not changed with its original`() {
        var a: RowSet = [RowOrdinal(1), RowOrdinal(2)]
        let b = a
        #expect(a.insert(RowOrdinal(3)) && !a.insert(RowOrdinal(3)))
        #expect(a.count == 3 && b.count == 2)
        #expect(a.remove(RowOrdinal(1)) && !a.remove(RowOrdinal(1)))
        #expect(b.contains(RowOrdinal(1)) && !a.contains(RowOrdinal(1)))
        a.formUnion(a)
        a.insert(RowOrdinal(9)..<RowOrdinal(9))
        #expect(a.ordinals == [2, 3] && a != b)
    }

    @Test(arguments: shapes.indices)
    func `truncated bytes and tails are refused`(_ index: Int) {
        let bytes = RowSet(ordinals: Self.shapes[index]).encoded()
        let counts = Set(0..<min(bytes.count, 300)).union([bytes.count - 1])
        for count in counts.sorted() {
            let part = Array(bytes[..<count])
            #expect(throws: FormatError.self, "\(count) bytes") {
                try RowSet(decoding: part, rowCount: Int(UInt32.max), section: "test")
            }
        }
        let longer = bytes + [0]
        #expect(throws: FormatError.self) {
            try RowSet(decoding: longer, rowCount: Int(UInt32.max), section: "test")
        }
    }

    @Test(arguments: shapes.indices)
    func `changed bytes are refused or a set that holds together`(_ index: Int) {
        let bytes = RowSet(ordinals: Self.shapes[index]).encoded()
        var random = ManifestRandom(seed: UInt64(index))
        for _ in 0..<300 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<min(bytes.count, 200), using: &random)
                changed[place] = UInt8.random(in: 0...255, using: &random)
            }
            guard
                let set = try? RowSet(
                    decoding: changed, rowCount: Int(UInt32.max), section: "test")
            else { continue }
            let values = set.ordinals
            #expect(values.count == set.count)
            #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
            #expect(values.allSatisfy { set.contains(RowOrdinal($0)) })
        }
    }

    @Test func `a row the segment does not have is refused`() throws {
        let bytes = RowSet(ordinals: [1, 99]).encoded()
        #expect(throws: FormatError.self) {
            try RowSet(decoding: bytes, rowCount: 99, section: "test")
        }
        _ = try RowSet(decoding: bytes, rowCount: 100, section: "test")
    }

    @Test(
        arguments: [
            [0x3A, 0x30, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],  // more containers than there can be
            [0x3B, 0x30, 0xFF, 0xFF, 0, 0],  // flags end early
            [0x3B, 0x30, 0, 0, 0x02, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],  // flag of no container
            [0x3B, 0x30, 0, 0, 0x01, 0, 0, 0, 0, 0, 0],  // no runs
            [0x3B, 0x30, 0, 0, 0x01, 0, 0, 1, 0, 2, 0, 5, 0, 0, 0, 6, 0, 0, 0],  // runs that touch
            [0x3B, 0x30, 0, 0, 0x01, 0, 0, 9, 0, 1, 0, 0xFF, 0xFF, 9, 0],  // a run past the end
            [0x39, 0x30, 0, 0, 0, 0, 0, 0],  // another cookie
        ] as [[UInt8]])
    func `a set that cannot be is refused`(_ bytes: [UInt8]) {
        #expect(throws: FormatError.self) {
            try RowSet(decoding: bytes, rowCount: Int(UInt32.max), section: "test")
        }
    }
}
