// Walks over blocks: what they find, what they leave out, when they stop.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

@Suite struct WalkTests {
    static let shared = Result {
        try WalkSample(ByteVectors.clustered(rowCount: 1_500, dimension: 24, seed: 61))
    }
    let sample: WalkSample

    init() throws { sample = try Self.shared.get() }

    static let slack = WalkRule(resultCount: 10, stopRank: 10, slack: 0.3)

    /// The share of the ten nearest among `rows` that walks find.
    func recall(
        _ sample: WalkSample, _ rule: WalkRule, live: [UInt64]? = nil, tier: KernelTier = .best
    ) -> Double {
        let limit = sample.vectors.rowCount
        let isLive = { (row: UInt32) in
            live.map { $0[Int(row) / 64] >> (UInt64(row) % 64) & 1 == 1 } ?? true
        }
        var found = 0
        var wanted = 0
        for row in stride(from: 0, to: limit, by: 37) {
            let truth = sample.vectors.nearest(to: row, count: limit, limit: limit)
                .filter(isLive).prefix(10)
            let results = sample.walk(to: row, rule, live: live, tier: tier)
            #expect(results.allSatisfy(isLive))
            #expect(Set(results).count == results.count)
            found += Set(truth).intersection(results).count
            wanted += truth.count
        }
        return Double(found) / Double(max(1, wanted))
    }

    @Test func `the nearest rows are found, by slack and by width`() throws {
        #expect(recall(sample, Self.slack) > 0.97)
        #expect(recall(sample, WalkRule(resultCount: 10, width: 60)) > 0.97)
        let narrow = recall(sample, WalkRule(resultCount: 10, width: 10))
        #expect(narrow > 0.6)
    }

    @Test(arguments: [3, 150, 300])
    func `other dimensions are walked as well`(dimension: Int) throws {
        let sample = try WalkSample(
            ByteVectors.clustered(rowCount: 400, dimension: dimension, seed: 62))
        #expect(recall(sample, Self.slack) > 0.95)
    }

    @Test func `lifted rows are walked by their lifted distance`() throws {
        let vectors = ByteVectors.whole(rowCount: 600, dimension: 20, seed: 63)
        let sample = try WalkSample(vectors, isLifted: true)
        #expect(recall(sample, Self.slack) > 0.95)
    }

    @Test(arguments: KernelTier.available)
    func `every tier finds the same rows at the same distances in as many steps`(
        tier: KernelTier
    ) throws {
        var tailed = WalkRule(resultCount: 12, stopRank: 10, slack: 0.05)
        tailed.tailSlack = 0.4
        let rules = [Self.slack, WalkRule(resultCount: 25, width: 40), tailed]
        for rule in rules {
            for row in stride(from: 0, to: 1_500, by: 61) {
                let (one, other) = (WalkScratch(), WalkScratch())
                let expected = sample.walk(to: row, rule, tier: .scalar, scratch: one)
                let found = sample.walk(to: row, rule, tier: tier, scratch: other)
                #expect(found == expected, "row \(row)")
                #expect(one.expandedCount == other.expandedCount)
                #expect(
                    (0..<one.resultCount).map(one.distance)
                        == (0..<other.resultCount).map(other.distance))
            }
        }
    }

    @Test func `results come nearest first with the distance of their 8-bit vectors`() throws {
        let scratch = WalkScratch()
        for row in [0, 700, 1_499] {
            let found = sample.walk(to: row, Self.slack, scratch: scratch)
            #expect(found.first == UInt32(row))
            let distances = (0..<scratch.resultCount).map(scratch.distance)
            #expect(distances == distances.sorted())
            #expect(distances == found.map { sample.vectors.table.distance(UInt32(row), $0) })
        }
    }

    @Test(arguments: [2, 7, 50])
    func `rows that are not live are walked through and never found`(every: Int) throws {
        var live = [UInt64](repeating: 0, count: 1_500 / 64 + 1)
        for row in stride(from: 0, to: 1_500, by: every) { live[row / 64] |= 1 << (row % 64) }
        #expect(recall(sample, Self.slack, live: live) > 0.9)
        let none = [UInt64](repeating: 0, count: live.count)
        #expect(sample.walk(to: 5, Self.slack, live: none).isEmpty)
    }

    @Test func `a walk stops at its cap`() throws {
        let scratch = WalkScratch()
        for cap in [0, 1, 5] {
            var rule = Self.slack
            rule.expansionCap = cap
            let found = sample.walk(to: 9, rule, scratch: scratch)
            #expect(scratch.expandedCount == cap)
            #expect(found.count == cap)
        }
    }

    @Test func `a tail finds more in as many steps`() throws {
        let plain = WalkRule(resultCount: 10, stopRank: 10, slack: 0)
        var tailed = plain
        tailed.tailSlack = 0.5
        #expect(recall(sample, tailed) > recall(sample, plain) + 0.02)
        let scratch = WalkScratch()
        for row in [4, 404, 1_404] {
            _ = sample.walk(to: row, tailed, scratch: scratch)
            #expect(scratch.measuredCount > scratch.expandedCount + sample.graph.seedCount)
            let distances = (0..<scratch.resultCount).map(scratch.distance)
            let exact = (0..<scratch.resultCount).map {
                sample.vectors.table.distance(UInt32(row), scratch.row($0).rawValue)
            }
            #expect(distances == exact)
        }
        var live = [UInt64](repeating: 0, count: 1_500 / 64 + 1)
        for row in stride(from: 0, to: 1_500, by: 3) { live[row / 64] |= 1 << (row % 64) }
        #expect(recall(sample, tailed, live: live) > 0.8)
        // A walk cut short still measures what it had opened.
        tailed.expansionCap = 2
        let found = sample.walk(to: 7, tailed, scratch: scratch)
        #expect(scratch.expandedCount == 2 && found.count > 2)
    }

    @Test func `more slack and more width mean more steps`() throws {
        let scratch = WalkScratch()
        func steps(_ rule: WalkRule) -> Int {
            stride(from: 0, to: 1_500, by: 50).reduce(0) { sum, row in
                _ = sample.walk(to: row, rule, scratch: scratch)
                return sum + scratch.expandedCount
            }
        }
        let slack = [0, 0.2, 0.6].map {
            steps(WalkRule(resultCount: 10, stopRank: 10, slack: $0))
        }
        #expect(slack == slack.sorted() && slack[0] < slack[2])
        let width = [10, 30, 90].map { steps(WalkRule(resultCount: 10, width: $0)) }
        #expect(width == width.sorted() && width[0] < width[2])
    }

    @Test func `a scratch serves any number of walks over graphs of any size`() throws {
        let small = try WalkSample(ByteVectors.clustered(rowCount: 90, dimension: 9, seed: 64))
        let scratch = WalkScratch()
        let first = sample.walk(to: 3, Self.slack, scratch: scratch)
        // More walks than there are marks.
        for turn in 0..<600 {
            #expect(
                small.walk(to: turn % 90, Self.slack, scratch: scratch).first == UInt32(turn % 90))
        }
        #expect(sample.walk(to: 3, Self.slack, scratch: scratch) == first)
    }

    @Test(arguments: KernelTier.available)
    func `a front that is kept counts for the next walk, be it narrower or wider`(
        tier: KernelTier
    ) {
        /// Rows that each walk expands and what it finds, the front kept from the first on.
        func walks(_ widths: [Int], in scratch: WalkScratch) -> [(Int, [UInt32])] {
            widths.enumerated().map { number, width in
                var rule = WalkRule(resultCount: 5, width: width)
                rule.keepsFront = number > 0
                rule.lead = min(4 + width / 4, WalkRule.maximumLead)
                let found = sample.walk(to: 700, rule, tier: tier, scratch: scratch)
                return (scratch.expandedCount, found)
            }
        }
        for widths in [[64, 8], [8, 64], [64, 8, 200, 1, 300]] {
            let scratch = WalkScratch()
            let found = walks(widths, in: scratch)
            // One that has had room for the widest from the beginning.
            let roomy = WalkScratch()
            _ = walks([400], in: roomy)
            let expected = walks(widths, in: roomy)
            #expect(found.map(\.0) == expected.map(\.0))
            #expect(found.map(\.1) == expected.map(\.1))
            for (number, width) in widths.enumerated().dropFirst() {
                let alone = walks([width], in: WalkScratch())[0].0
                #expect(found[number].0 <= alone + 8, "\(widths), \(number)")
                // The front is full before the walk has begun: it must find its way all the same.
                #expect(Set(found[number].1).intersection(found[0].1).count >= 4)
            }
        }
    }

    /// Only a file whose checksums fit values that nobody wrote has such rows.
    @Test(arguments: KernelTier.available)
    func `rows at no distance end a walk`(tier: KernelTier) throws {
        let sample = try WalkSample(
            ByteVectors.clustered(rowCount: 40, dimension: 8, seed: 66))
        let places = sample.graph.places
        let table = QueryTable(rotation: sample.codebook.rotation)
        unsafe table.prepare(sample.components(3))
        // Walks before have left blocks where the walk looks that finds nothing near.
        let scratch = WalkScratch()
        #expect(!sample.walk(to: 3, Self.slack, tier: tier, scratch: scratch).isEmpty)
        for block in 0..<40 {
            // What stands first is the smallest component.
            unsafe (sample.blocks + places.offset(of: block)).storeBytes(
                of: .infinity, as: Float.self)
        }
        let poisoned = unsafe WalkGraph(
            blocks: sample.blocks, places: places, unit: sample.codebook.unit,
            seeds: (0..<8).map { BlockNumber(UInt32($0 * 5)) })
        for rule in [Self.slack, WalkRule(resultCount: 10, width: 60)] {
            unsafe poisoned.walk(
                sample.vectors.query(3), table: table.view, rule: rule, live: nil,
                scratch: scratch, tier: tier)
            #expect(scratch.expandedCount == 0)
        }
    }

    @Test(arguments: [1, 2, 17])
    func `tiny graphs are walked whole`(rowCount: Int) throws {
        let vectors = ByteVectors.clustered(rowCount: rowCount, dimension: 5, seed: 65)
        let sample = try WalkSample(vectors)
        var rule = Self.slack
        rule.slack = 1_000
        #expect(
            Set(sample.walk(to: 0, rule)) == Set(vectors.nearest(to: 0, count: 10, limit: rowCount))
        )
    }

    @Test func `a graph without rows has no results`() throws {
        let places = try #require(
            WalkBlockPlaces(
                layout: sample.layout, blockCount: 0,
                groupEnds: Array(repeating: 0, count: sample.layout.groupCount - 1)))
        let graph = unsafe WalkGraph(blocks: sample.blocks, places: places, unit: 1, seeds: [])
        let scratch = WalkScratch()
        let entries = [Int8](repeating: 0, count: sample.layout.shape.subspaceCount * 16)
        unsafe entries.withUnsafeBufferPointer {
            let table = unsafe CodeTable(entries: $0.baseAddress.unsafelyUnwrapped, step: 1)
            unsafe graph.walk(
                sample.vectors.query(0), table: table, rule: Self.slack, scratch: scratch)
        }
        #expect(scratch.resultCount == 0 && scratch.expandedCount == 0)
    }

    @Test func `damaged ids and degrees are not followed out of the graph`() throws {
        let sample = try WalkSample(ByteVectors.clustered(rowCount: 300, dimension: 12, seed: 66))
        let layout = sample.layout
        var random = SplitMix(seed: 67)
        for row in 0..<300 {
            let block = unsafe sample.blocks + sample.graph.places.offset(of: row)
            let offset = layout.groupsOffset + Int(random.next() % 16) * 4
            unsafe block.storeBytes(
                of: UInt32.random(in: 0 ... .max, using: &random), toByteOffset: offset,
                as: UInt32.self)
            if row % 5 == 0 {
                unsafe block.storeBytes(
                    of: .max, toByteOffset: WalkBlockLayout.degreeOffset, as: UInt32.self)
                unsafe block.storeBytes(
                    of: .max, toByteOffset: WalkBlockLayout.rowOffset, as: UInt32.self)
            }
        }
        for tier in KernelTier.available {
            for row in 0..<300 {
                let found = sample.walk(to: row, Self.slack, tier: tier)
                #expect(found.allSatisfy { $0 < 300 })
            }
        }
    }

    @Test func `an open list that overflows keeps its nearest`() throws {
        // Nothing is live and no rule is met, so everything the walk meets stays open.
        let vectors = ByteVectors.clustered(
            rowCount: 9_000, dimension: 4, clusterCount: 1, seed: 68)
        let sample = try WalkSample(vectors, maxDegree: 24)
        var rule = Self.slack
        rule.expansionCap = 2_000
        let scratch = WalkScratch()
        let none = [UInt64](repeating: 0, count: 9_000 / 64 + 1)
        #expect(sample.walk(to: 1, rule, live: none, scratch: scratch).isEmpty)
        #expect(scratch.expandedCount == 2_000)
        var far = none
        // One live row far along: found because the walk goes on from what it kept.
        let order = vectors.nearest(to: 1, count: 400, limit: 9_000)
        far[Int(order[399]) / 64] |= 1 << (UInt64(order[399]) % 64)
        #expect(sample.walk(to: 1, rule, live: far, scratch: scratch) == [order[399]])
    }

    /// What walks over several samples find together, nearest first, by sample and row.
    private func together(
        _ samples: [WalkSample], only: Int? = nil, to row: Int, k: Int = 10, known: [Float] = [],
        live: RowBitmap? = nil, lead: Int = 3, tier: KernelTier
    ) -> (found: [(distance: Float, sample: Int, row: UInt32)], expandedCount: Int) {
        let query = samples[0].vectors.query(row)
        let walks = WalksTogether()
        walks.begin(count: samples.count, rank: k)
        for distance in known { walks.know(distance) }
        let tables = samples.map { QueryTable(rotation: $0.codebook.rotation) }
        let scratches = samples.map { _ in WalkScratch() }
        var rule = WalkRule(resultCount: k, stopRank: k, slack: 0.3)
        rule.lead = lead
        for (index, other) in samples.enumerated() where only ?? index == index {
            unsafe tables[index].prepare(samples[0].components(row))
            unsafe walks.add(
                other.graph, query, table: tables[index].view, rule: rule,
                live: index == 0 ? live?.words : nil, offset: 0, scratch: scratches[index])
        }
        walks.run(tier: tier)
        withExtendedLifetime((live, tables)) {}
        withExtendedLifetime(query) {}
        var found: [(distance: Float, sample: Int, row: UInt32)] = []
        for (index, scratch) in scratches.enumerated() {
            for rank in 0..<scratch.resultCount {
                found.append((scratch.distance(rank), index, scratch.row(rank).rawValue))
            }
        }
        found.sort { $0 < $1 }
        return (Array(found.prefix(k)), scratches.reduce(0) { $0 + $1.expandedCount })
    }

    /// Bits at an address that stays.
    @safe private final class RowBitmap {
        let words: UnsafePointer<UInt64>

        init(rowCount: Int, _ isIn: (Int) -> Bool) {
            let room = UnsafeMutablePointer<UInt64>.allocate(capacity: rowCount / 64 + 1)
            unsafe room.initialize(repeating: 0, count: rowCount / 64 + 1)
            for row in 0..<rowCount where isIn(row) {
                unsafe room[row / 64] |= 1 << (UInt64(row) % 64)
            }
            unsafe words = UnsafePointer(room)
        }

        deinit { unsafe words.deallocate() }
    }

    private static let parts = Result {
        try [71, 72, 73, 74].map { (seed: UInt64) in
            var random = SplitMix(seed: seed)
            return try WalkSample(
                ByteVectors.whole(rowCount: 700, dimension: 16) { _, _ in
                    UInt8.random(in: 0...255, using: &random)
                })
        }
    }

    @Test(arguments: KernelTier.available)
    func `walks together find the nearest of all, and less by themselves`(
        tier: KernelTier
    ) throws {
        let samples = try Self.parts.get()
        var (found, wanted, apart, joint) = (0, 0, 0, 0)
        for row in stride(from: 5, to: 700, by: 31) {
            let query = samples[0].vectors.query(row)
            var truth: [(Float, Int, UInt32)] = []
            for (index, other) in samples.enumerated() {
                var distances = [Float](repeating: 0, count: 700)
                unsafe other.vectors.table.distances(
                    from: query.row, codes: query.codes, toRowsFrom: 0, count: 700,
                    into: &distances)
                truth += distances.enumerated().map { ($0.element, index, UInt32($0.offset)) }
            }
            truth.sort { $0 < $1 }
            // Each bounded by its own ten nearest, which are farther.
            for index in samples.indices {
                apart += together(samples, only: index, to: row, tier: tier).expandedCount
            }
            let result = together(samples, to: row, tier: tier)
            joint += result.expandedCount
            #expect(result.found.first?.row == UInt32(row) && result.found.first?.sample == 0)
            let same = together(samples, to: row, tier: .scalar)
            #expect(result.found.map(\.row) == same.found.map(\.row))
            #expect(result.expandedCount == same.expandedCount)
            // By distance: of rows equally far, any will do.
            found += result.found.count { $0.distance <= truth[9].0 }
            wanted += 10
        }
        #expect(Double(found) > 0.95 * Double(wanted))
        #expect(joint < apart, "what others have found bounds a walk")
    }

    @Test(arguments: KernelTier.available)
    func `one walk alone among none finds what a walk finds`(tier: KernelTier) throws {
        let walked = sample.walk(to: 40, Self.slack, scratch: WalkScratch())
        let result = together([sample], to: 40, tier: tier)
        #expect(result.found.map(\.row) == walked)
    }

    @Test(arguments: KernelTier.available)
    func `walks stop where rows known elsewhere are nearer, and pass over rows that are dead`(
        tier: KernelTier
    ) throws {
        let free = together([sample], to: 40, tier: tier)
        let bounded = together(
            [sample], to: 40, known: [Float](repeating: 0, count: 10), lead: 1, tier: tier)
        #expect(bounded.expandedCount < free.expandedCount)
        #expect(bounded.found.first?.row == 40)
        let odd = RowBitmap(rowCount: 1_500) { $0 % 2 == 1 }
        let result = together([sample], to: 40, live: odd, tier: tier)
        #expect(result.found.count == 10)
        #expect(result.found.allSatisfy { $0.row % 2 == 1 })
        #expect(together([sample], to: 40, k: 1, live: odd, tier: tier).found.count == 1)
    }

    @Test func `a block left out is neither found nor walked through`() throws {
        let scratch = WalkScratch()
        for row in [3, 900] {
            var rule = Self.slack
            _ = sample.walk(to: row, rule, scratch: scratch)
            rule.excluded = scratch.block(0)
            let found = sample.walk(to: row, rule, scratch: scratch)
            let truth = sample.vectors.nearest(to: row, count: 11, limit: 1_500).dropFirst()
            #expect(!found.contains(UInt32(row)))
            #expect(Set(found).intersection(truth).count >= 8)
        }
    }
}
