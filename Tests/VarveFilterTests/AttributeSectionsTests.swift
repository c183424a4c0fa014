// What goes into the sections of attributes comes out: by row, by text, by column.

import Testing
import VarveFilter
import VarveFormat

@Suite struct AttributeSectionsTests {
    typealias Reader = AttributeReader<AttributeSectionsInMemory>

    private func build(
        _ rows: [Attributes]
    ) throws -> [(section: AttributeSection, bytes: [UInt8])] {
        var builder = AttributeSectionsBuilder()
        for row in rows { try builder.append(row.isEmpty ? [] : AttributeRecord.encode(row)) }
        #expect(builder.rowCount == rows.count)
        return builder.finish()
    }

    private func reader(_ rows: [Attributes]) throws -> Reader {
        try AttributeReader(AttributeSectionsInMemory(try build(rows)), rowCount: rows.count)
    }

    private func value(_ row: Attributes, _ id: AttributeID) -> AttributeValue? {
        row.first { $0.id == id }?.value
    }

    private func rows(_ rows: [Attributes], where matches: (Attributes) -> Bool) -> [UInt32] {
        rows.indices.filter { matches(rows[$0]) }.map { UInt32($0) }
    }

    @Test(arguments: [0, 1, 2, 50, 1_023, 1_024, 1_025, 5_000])
    func `rows come back by ordinal`(count: Int) throws {
        let rows = Sample.rows(count, seed: UInt64(count))
        let reader = try reader(rows)
        for (index, row) in rows.enumerated() {
            let found = try reader.attributes(of: RowOrdinal(UInt32(index)))
            #expect(areEqual(found, row), "row \(index) of \(count)")
        }
        if count > 0 {
            let record = try reader.record(of: RowOrdinal(0))
            #expect(record == AttributeRecord.encode(rows[0]))
        }
    }

    @Test(arguments: [1, 2, 50, 1_025, 5_000])
    func `columns have every row's value`(count: Int) throws {
        let rows = Sample.rows(count, seed: UInt64(count) + 1)
        let reader = try reader(rows)
        for id in Sample.all {
            let present = self.rows(rows) { value($0, id) != nil }
            guard let column = try reader.column(id) else {
                #expect(present.isEmpty, "attribute \(id.rawValue)")
                continue
            }
            #expect(column.rows.ordinals == present && column.entry.presentCount == present.count)
            #expect(column.isComplete == (present.count == count))
            for (index, row) in rows.enumerated() {
                #expect(
                    column.value(of: RowOrdinal(UInt32(index))) == value(row, id),
                    "attribute \(id.rawValue) of row \(index)")
            }
        }
    }

    @Test func `texts are numbered where few are different`() throws {
        let reader = try reader(Sample.rows(5_000, seed: 3))
        let encodings = Dictionary(
            uniqueKeysWithValues: reader.entries.map { ($0.id, $0.encoding) })
        #expect(
            encodings == [
                Sample.color: .textDictionary, Sample.title: .texts, Sample.price: .integers,
                Sample.weight: .doubles, Sample.isNew: .bits, Sample.added: .integers,
                Sample.tags: .listDictionary, Sample.notes: .lists,
                Sample.rare: .textDictionary, Sample.constant: .textDictionary,
            ])
        let color = try #require(try reader.column(Sample.color))
        #expect(color.dictionaryCount == 5)
        #expect((0..<5).map { color.dictionaryText($0) } == ["", "blue", "green", "größer", "red"])
        #expect(try reader.column(Sample.title)?.dictionaryCount == nil)
    }

    @Test func `more than 65,536 different texts are kept as they are`() throws {
        let count = 200_000
        let rows: [Attributes] = (0..<count).map {
            [
                (Sample.color, .string("c\($0 % 65_536)")),
                (Sample.title, .string("t\($0 % 65_537)")),
            ]
        }
        let reader = try reader(rows)
        #expect(reader.entries.map(\.encoding) == [.textDictionary, .texts])
        let title = try #require(try reader.column(Sample.title))
        for index in stride(from: 0, to: count, by: 997) {
            let row = RowOrdinal(UInt32(index))
            #expect(title.value(of: row) == value(rows[index], Sample.title))
            #expect(
                try reader.column(Sample.color)?.value(of: row) == value(rows[index], Sample.color))
        }
        #expect(try reader.postings(Sample.color, "c7")?.ordinals == [7, 65_543, 131_079, 196_615])
        #expect(
            try reader.rows(Sample.title, equalTo: .string("t5")).ordinals == [
                5, 65_542, 131_079, 196_616,
            ])
    }

    @Test func `postings have the rows of every text`() throws {
        let rows = Sample.rows(5_000, seed: 4)
        let reader = try reader(rows)
        for id in [Sample.color, Sample.tags, Sample.rare, Sample.constant] {
            let column = try #require(try reader.column(id))
            for index in 0..<(column.dictionaryCount ?? 0) {
                let text = column.dictionaryText(index)
                let expected = self.rows(rows) {
                    switch value($0, id) {
                    case .string(let other): other == text
                    case .strings(let others): others.contains(text)
                    default: false
                    }
                }
                #expect(try reader.postings(id, text)?.ordinals == expected, "\(text)")
                #expect(column.rows(equalTo: .string(text)).ordinals == expected, "\(text)")
            }
            #expect(try reader.postings(id, "no such text") == RowSet())
        }
        #expect(try reader.postings(Sample.title, "x") == nil)
        #expect(try reader.postings(Sample.price, "x") == nil)
        #expect(try reader.postings(AttributeID(77), "x") == nil)
        #expect(try reader.rows(AttributeID(77), equalTo: .int(1)).isEmpty)
    }

    @Test(arguments: 0..<5 as Range<UInt64>)
    func `scans find the rows that match`(seed: UInt64) throws {
        let rows = Sample.rows(3_000, seed: seed + 10)
        let reader = try reader(rows)
        var random = AttributeRandom(seed: seed)
        for row in rows.shuffled(using: &random).prefix(30) {
            for (id, wanted) in row {
                if case .strings = wanted {
                } else {
                    let expected = self.rows(rows) { value($0, id) == wanted }
                    #expect(try reader.rows(id, equalTo: wanted).ordinals == expected)
                }
                if case .strings = wanted {
                    let expected = self.rows(rows) { value($0, id) == wanted }
                    #expect(
                        try reader.column(id)?.rows(equalTo: wanted).ordinals == expected)
                }
            }
        }
        let prices = try #require(try reader.column(Sample.price))
        for range in [-50...50, Int64.min...0, 0...Int64.max, .min ... .max, 7...7] {
            #expect(
                prices.rows(in: range).ordinals
                    == self.rows(rows) {
                        if case .int(let price) = value($0, Sample.price) {
                            range.contains(price)
                        } else {
                            false
                        }
                    }, "\(range)")
        }
        let start: Int64 = 1_700_000_000_000_000
        let dates = try #require(try reader.column(Sample.added))
        #expect(
            dates.rows(in: start + 500_000...start + 2_600_000).ordinals
                == self.rows(rows) { row in
                    guard case .date(let date) = value(row, Sample.added) else { return false }
                    return (start + 500_000...start + 2_600_000).contains(date)
                })
        let weights = try #require(try reader.column(Sample.weight))
        #expect(
            weights.rows(in: -100.5...1_000).ordinals
                == self.rows(rows) {
                    if case .double(let weight) = value($0, Sample.weight) {
                        (-100.5...1_000).contains(weight)
                    } else {
                        false
                    }
                })
    }

    @Test(arguments: [Sample.color, Sample.title, Sample.tags, Sample.notes])
    func `ranges of texts go by their bytes`(id: AttributeID) throws {
        let rows = Sample.rows(2_000, seed: 20)
        let column = try #require(try reader(rows).column(id))
        for (lower, upper) in [
            (nil, nil), ("g", nil), (nil, "g"), ("blue", "green"), ("tag1", "tag15"),
            ("note 2", "title 5"), ("z", "a"), ("größer", "größer"),
        ] as [(String?, String?)] {
            let expected = self.rows(rows) {
                let texts: [String]
                switch value($0, id) {
                case .string(let text): texts = [text]
                case .strings(let all): texts = all
                default: texts = []
                }
                return texts.contains { text in
                    (lower.map { !text.utf8.lexicographicallyPrecedes($0.utf8) } ?? true)
                        && (upper.map { !$0.utf8.lexicographicallyPrecedes(text.utf8) } ?? true)
                }
            }
            let found = column.rows(from: lower, through: upper).ordinals
            #expect(found == expected, "\(lower ?? "") to \(upper ?? "")")
        }
    }

    @Test func `types do not match each other and odd numbers are handled`() throws {
        let rows: [Attributes] = [
            [(Sample.price, .int(.min)), (Sample.weight, .double(-0.0))],
            [(Sample.price, .int(.max)), (Sample.weight, .double(.infinity))],
            [(Sample.price, .int(0)), (Sample.weight, .double(0))],
        ]
        let reader = try reader(rows)
        let weights = try #require(try reader.column(Sample.weight))
        let prices = try #require(try reader.column(Sample.price))
        #expect(weights.rows(equalTo: .double(0)).ordinals == [0, 2])
        #expect(weights.rows(equalTo: .double(.nan)).isEmpty)
        #expect(weights.rows(equalTo: .int(0)).isEmpty && prices.rows(equalTo: .double(0)).isEmpty)
        #expect(weights.rows(in: 0...1 as ClosedRange<Int64>).isEmpty)
        #expect(prices.rows(in: 0...1 as ClosedRange<Double>).isEmpty)
        #expect(prices.rows(from: nil, through: nil).isEmpty)
        #expect(prices.rows(equalTo: .int(.min)).ordinals == [0])
        #expect(prices.value(of: RowOrdinal(1)) == .int(.max))
    }

    @Test func `the same rows give the same bytes`() throws {
        let rows = Sample.rows(2_000, seed: 30)
        let (a, b) = (try build(rows), try build(rows))
        #expect(a.map(\.section) == AttributeSection.allCases)
        #expect(a.map(\.bytes) == b.map(\.bytes))
    }

    @Test func `a segment without the sections has no attributes`() throws {
        let reader = try AttributeReader(AttributeSectionsInMemory([]), rowCount: 3)
        #expect(try reader.attributes(of: RowOrdinal(2)).isEmpty && reader.entries.isEmpty)
        #expect(try reader.record(of: RowOrdinal(0)) == [])
        #expect(try reader.rows(Sample.color, equalTo: .string("red")).isEmpty)
    }

    @Test func `a large row stands alone in its block`() throws {
        let large = String(repeating: "x", count: 1 << 20)
        let rows: [Attributes] = [
            [(Sample.title, .string("a"))], [(Sample.title, .string(large))],
            [(Sample.title, .string("b"))],
        ]
        let reader = try reader(rows)
        for (index, row) in rows.enumerated() {
            #expect(areEqual(try reader.attributes(of: RowOrdinal(UInt32(index))), row))
        }
    }

    @Test func `records that cannot be are refused`() throws {
        let good = AttributeRecord.encode([(Sample.price, .int(1))])
        let otherType = AttributeRecord.encode([(Sample.price, .bool(true))])
        let twice = AttributeRecord.encode([(Sample.price, .int(1)), (Sample.price, .int(2))])
        var badFlag = AttributeRecord.encode([(Sample.isNew, .bool(true))])
        badFlag[badFlag.count - 1] = 2
        var badText = AttributeRecord.encode([(Sample.title, .string("a"))])
        badText[badText.count - 1] = 0xFF
        let nan = AttributeRecord.encode([(Sample.weight, .double(.nan))])
        for bad in [
            otherType, twice, badFlag, nan, badText, good + [0], Array(good.dropLast()), [9],
        ] {
            var builder = AttributeSectionsBuilder()
            try builder.append(good)
            #expect(throws: FormatError.self) { try builder.append(bad) }
        }
    }
}
