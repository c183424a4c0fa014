// Figures of searches by pages, measured while a segment is sealed.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

/// What row codes were made with, kept until they have been measured.
struct WrittenRowCodes {
    let codebook: RowCodebook
    let lists: RowLists
}

/// The names of the figures of searches by pages.
enum PageFigure {
    /// The root mean square of (estimate / exact − 1), over the answers of the canary.
    static let estimateError = "row_codes.estimate_error_rms"
    /// The mean of (estimate / exact − 1), over the answers of the canary.
    static let estimateBias = "row_codes.estimate_error_mean"

    /// The width at which searches by pages reached a recall over the canary.
    static func width(recall: Double) -> String {
        "page_search.width_at_recall_0.\(Int(recall * 100))"
    }

    /// Pages such searches read, on average.
    static func pages(recall: Double) -> String {
        "page_search.pages_at_recall_0.\(Int(recall * 100))"
    }
}

extension SegmentBuilder {
    /// The widths that are tried, until recall .99 is reached.
    private static let triedPageWidths = [5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320]

    /// Measures searches by pages over `probes`, and estimates over the answers of `canary`; no
    /// figures where nothing can be measured.
    ///
    /// Widths and pages lie on straight lines between those of the widths tried.
    /// Distances are those of the scalar kernels, so that the figures are the same on every
    /// machine.
    func pageFigures(
        _ canary: SegmentCanary, _ probes: [CalibrationProbe], _ rows: any SegmentRows,
        _ plan: SegmentPlan,
        _ codes: WrittenRowCodes, _ layout: NodeLayout, in writer: SegmentFileWriter
    ) throws(SegmentError) -> [SegmentStatistics.Figure] {
        guard let codeMap = try writer.map(.codes), let nodeMap = try writer.map(.nodes),
            let codeBase = unsafe codeMap.bytes.baseAddress, !canary.queries.isEmpty
        else { return [] }
        let rotation = codes.codebook.rotation
        // Safety: the mappings have every group and every page, and outlive the space.
        let view = unsafe RowCodes(
            base: codeBase, rowCount: rows.rowCount, shape: rotation.shape,
            unit: codes.codebook.unit)
        let space = unsafe PageSpace(
            codes: view, centres: codes.lists.centres, listStarts: codes.lists.starts,
            listCount: codes.lists.count, layout: layout)
        let trial = PageTrial(
            space: space, nodes: nodeMap, rotation: rotation, layout: layout, plan: plan,
            rowCount: rows.rowCount)
        let giveBack = {
            // The pages touched count as this process's memory until they are given back.
            nodeMap.advise(.notNow)
            codeMap.advise(.notNow)
        }
        var figures = trial.errors(of: view, codes.lists, canary)
        var reached = 0
        var last: (width: Double, recall: Double, pages: Double)?
        for width in Self.triedPageWidths where reached < SegmentCanary.recallTargets.count {
            try pulse.beat()
            let (found, pages) = trial.search(probes, width: width, giveBack: giveBack)
            while reached < SegmentCanary.recallTargets.count,
                found >= SegmentCanary.recallTargets[reached]
            {
                let target = SegmentCanary.recallTargets[reached]
                var point = (width: Double(width), pages: pages)
                if let last {
                    let share = (target - last.recall) / max(found - last.recall, 1e-9)
                    point.width = last.width + share * (point.width - last.width)
                    point.pages = last.pages + share * (pages - last.pages)
                }
                figures.append(.init(name: PageFigure.width(recall: target), value: point.width))
                figures.append(.init(name: PageFigure.pages(recall: target), value: point.pages))
                reached += 1
            }
            last = (Double(width), max(found, last?.recall ?? 0), pages)
            giveBack()
        }
        withExtendedLifetime((codeMap, nodeMap, codes.lists)) {}
        return figures.sorted { $0.name < $1.name }
    }
}

/// Searches by pages over a segment whose node pages lie in memory.
private struct PageTrial {
    let space: PageSpace
    let nodes: MappedBytes
    let rotation: Rotation
    let layout: NodeLayout
    let rowCount: Int
    let liftNorm2: Float
    let query: SegmentQuery
    let exact: ExactDistance

    init(
        space: PageSpace, nodes: MappedBytes, rotation: Rotation, layout: NodeLayout,
        plan: SegmentPlan, rowCount: Int
    ) {
        self.space = space
        self.nodes = nodes
        self.rotation = rotation
        self.layout = layout
        self.rowCount = rowCount
        liftNorm2 = plan.liftNorm2
        query = SegmentQuery(schema: plan.schema)
        exact = ExactDistance(
            query.vector.exact.reduction, element: query.vector.exact.element,
            dimension: plan.schema.dimension, tier: .scalar)
    }

    private func prepare(_ vector: [Float]) -> RowCodeQuery {
        unsafe vector.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe query.prepare(start) }
        }
        return unsafe query.pages.codeQuery(
            rotation, query.vector.floats, generation: query.vector.generation)
    }

    /// The share of answers found at a width, and the pages read for a query.
    func search(
        _ probes: [CalibrationProbe], width: Int, giveBack: () -> Void
    ) -> (recall: Double, pages: Double) {
        var (found, wanted, pages) = (0, 0, 0)
        for (number, probe) in probes.enumerated() {
            // All queries read the same codes and few of the same pages; of those the kernel
            // counts 16 for one.
            if number % 8 == 7 { giveBack() } else { nodes.advise(.notNow) }
            let codes = prepare(probe.vector)
            let walk = query.pages.slot(0).walk
            let leftOutCount = probe.row == nil ? 0 : 1
            unsafe walk.begin(
                space, row: query.vector.bytes.row, bytes: query.vector.bytes.codes, codes: codes,
                width: min(width + leftOutCount, rowCount),
                scanRowCount: SegmentReader.scanRowCount(rowCount: rowCount, width: width))
            if let row = probe.row { walk.leaveOut(row) }
            var nearest = NearestDistances(limit: SegmentCanary.nearestCount)
            while true {
                let limit = SegmentReader.pageLimit(
                    nearest.bound, slack: SegmentReader.slack(width: width), query,
                    liftNorm2: liftNorm2)
                guard walk.expand(limit: limit) == nil else { break }
                let round = unsafe walk.wantedPages(
                    limit: limit, most: min(max(4, width), PageSearch.roundReadLimit))
                if round.isEmpty { break }
                pages += round.count
                for index in round.indices {
                    visit(unsafe round[index], leavingOut: probe.row, &nearest)
                }
            }
            found += nearest.count(within: probe.bound)
            wanted += probe.rowCount
        }
        return (
            Double(found) / Double(max(1, wanted)), Double(pages) / Double(max(1, probes.count))
        )
    }

    private func visit(
        _ page: UInt32, leavingOut row: RowOrdinal?, _ nearest: inout NearestDistances
    ) {
        guard let base = unsafe nodes.bytes.baseAddress else { return }
        let pageRows = layout.rows(ofPage: Int(page), rowCount: rowCount)
        let count = pageRows.count
        let start = unsafe base + Int(page) * layout.pageByteCount
        unsafe exact.scan(
            query.vector.floats, base: start, stride: layout.recordByteCount, count: count,
            into: query.distances)
        let distances = unsafe query.pages.distances
        for slot in 0..<count {
            let distance = query.vector.distance(unsafe query.distances[slot])
            if pageRows.lowerBound + slot != row?.index { nearest.insert(distance) }
            unsafe distances[slot] = query.vector.codeDistance(distance, liftNorm2: liftNorm2)
        }
        unsafe query.pages.slot(0).walk.arrived(page, bytes: start, distances: distances)
    }

    /// How far estimates are off, over the answers of the canary.
    func errors(
        of codes: RowCodes, _ lists: RowLists, _ canary: SegmentCanary
    ) -> [SegmentStatistics.Figure] {
        var (sum, squares, count) = (0.0, 0.0, 0)
        for probe in canary.queries {
            let codeQuery = prepare(probe.vector)
            var bases = [Float](repeating: 0, count: lists.count)
            unsafe lists.centres.distances(
                from: query.vector.bytes.row, codes: query.vector.bytes.codes, toRowsFrom: 0,
                count: lists.count, into: &bases)
            let estimates = codes.estimates(
                probe.nearest.map(\.rawValue), codeQuery, bases: bases, tier: .scalar)
            for (row, estimate) in zip(probe.nearest, estimates) {
                guard let base = unsafe nodes.bytes.baseAddress else { continue }
                let reduced = unsafe exact(query.vector.floats, base + layout.offset(of: row))
                let distance = query.vector.codeDistance(
                    query.vector.distance(reduced), liftNorm2: liftNorm2)
                let error = Double(estimate / distance) - 1
                guard distance > 0, error.isFinite else { continue }
                sum += error
                squares += error * error
                count += 1
            }
        }
        guard count > 0 else { return [] }
        return [
            .init(name: PageFigure.estimateError, value: (squares / Double(count)).squareRoot()),
            .init(name: PageFigure.estimateBias, value: sum / Double(count)),
        ]
    }
}

/// The smallest distances seen.
private struct NearestDistances {
    let limit: Int
    private var distances: [Float] = []

    init(limit: Int) { self.limit = limit }

    /// The largest of them, once there are as many as wanted.
    var bound: Float { distances.count == limit ? distances[limit - 1] : .infinity }

    mutating func insert(_ distance: Float) {
        guard distance < bound else { return }
        if distances.count == limit { distances.removeLast() }
        distances.insert(distance, at: distances.firstIndex { $0 > distance } ?? distances.count)
    }

    func count(within bound: Float) -> Int { distances.count { $0 <= bound } }
}
