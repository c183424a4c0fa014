// The page itself: structure, style, and the drawings in their places.

import VarveCheck

/// Puts the figures on one page that needs nothing else.
struct ReportPage {
    private let figures: ReportFigures
    private let redaction: Redaction?

    init(_ figures: ReportFigures, redaction: Redaction?) {
        self.figures = figures
        self.redaction = redaction
    }

    /// The page.
    func html() -> String {
        let title = redaction == nil ? figures.title : "a store"
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Charts.escaped(title)) - segtool report</title>
            <style>\(Self.style)</style></head><body><main>
            <header><h1>\(Charts.escaped(title))</h1>\(health)</header>
            <dl>\(facts)</dl>
            <div class="grid">
            \(cards)
            </div>
            \(segmentTable)
            <footer>Made by segtool report; no scripts, no network.</footer>
            </main></body></html>

            """
    }

    private var health: String {
        guard !figures.findings.isEmpty else {
            return "<p class=\"state good\">well, as far as headers tell</p>"
        }
        let items = figures.findings.prefix(12).map { "<li>\(Charts.escaped($0.line))</li>" }
        let isBad = figures.findingCount > 0
        return "<p class=\"state \(isBad ? "worst" : "odd")\">\(figures.findings.count) findings"
            + "</p><ul class=\"findings\">\(items.joined())</ul>"
    }

    private var facts: String {
        figures.facts.map {
            "<div><dt>\(Charts.escaped($0.0))</dt><dd>\(Charts.escaped($0.1))</dd></div>"
        }.joined()
    }

    private func card(_ title: String, _ about: String, _ drawing: String) -> String {
        "<section><h2>\(Charts.escaped(title))</h2><p>\(Charts.escaped(about))</p>"
            + "\(drawing)</section>"
    }

    private var cards: String {
        var parts = [
            card(
                "Segments", "rows of each; the deleted ones first",
                Charts.bars(
                    "rows by segment",
                    figures.segments.prefix(24).map {
                        (
                            "segment \($0.id)", Double($0.rowCount), Double($0.deletedCount),
                            "\(Units.grouped($0.rowCount)) rows, \(Units.bytes($0.byteCount))"
                        )
                    })),
            card(
                "Files", "bytes by the part they play",
                Charts.bars(
                    "bytes by role",
                    figures.roles.map {
                        ($0.name, Double($0.byteCount), 0, Units.bytes($0.byteCount))
                    }
                )),
        ]
        parts.append(degreeCard)
        parts.append(distanceCard)
        parts.append(
            card(
                "Recall by segment", "recall@10 of sampled rows at width 64, against exact search",
                Charts.bars(
                    "recall by segment",
                    figures.segments.prefix(24).map {
                        (
                            "segment \($0.id)", $0.recall ?? 0, 0,
                            $0.recall.map { Units.fixed($0, 3) } ?? "damaged"
                        )
                    })))
        parts += widthCards
        parts.append(mapCard)
        return parts.joined(separator: "\n")
    }

    private var degreeCard: String {
        card(
            "Degrees", "rows by number of neighbours, all segments",
            Charts.histogram(
                "rows by degree", figures.degrees, names: { String($0) }, axis: "neighbours"))
    }

    private var distanceCard: String {
        let sorted = figures.distances.sorted()
        guard let low = sorted.first, let high = sorted.last, high > low else {
            return card("Distances", "too few rows to say", "")
        }
        var counts = [Int](repeating: 0, count: 40)
        for distance in sorted {
            counts[min(39, Int((distance - low) / (high - low) * 40))] += 1
        }
        return card(
            "Distances", "from sampled rows to their ten nearest",
            Charts.histogram(
                "pairs by distance", counts,
                names: { Units.fixed(low + (high - low) * (Double($0) + 0.5) / 40, 2) },
                axis: "distance"))
    }

    private var widthCards: [String] {
        guard !figures.widths.isEmpty else { return [] }
        let slowest = figures.widths.map(\.microseconds).max() ?? 1
        let least = min(0.9, figures.widths.map(\.recall).min() ?? 0)
        return [
            card(
                "Time by width", "median of searches of the largest segment, microseconds",
                Charts.line(
                    "microseconds by width",
                    figures.widths.map {
                        ("\($0.width)", $0.microseconds, Units.fixed($0.microseconds, 0))
                    }, least: 0, largest: slowest, axis: "width of the beam", style: "c1")),
            card(
                "Recall by width", "of the same searches, against exact search",
                Charts.line(
                    "recall by width",
                    figures.widths.map { ("\($0.width)", $0.recall, Units.fixed($0.recall, 3)) },
                    least: least, largest: 1, axis: "width of the beam", style: "c2")),
        ]
    }

    private var mapCard: String {
        let isHidden = redaction != nil && figures.grouping != "segment"
        let legend = figures.groups.enumerated().map { index, name in
            "<span><i class=\"k\(index)\"></i>"
                + Charts.escaped(isHidden ? "value \(index + 1)" : name)
                + "</span>"
        }.joined(separator: " ")
        return card(
            "Map",
            "\(Units.grouped(figures.points.count)) vectors along the two directions they "
                + "spread most, by \(isHidden ? "attribute" : figures.grouping)",
            Charts.map("map of vectors", figures.points) + "<p class=\"legend\">\(legend)</p>")
    }

    private var segmentTable: String {
        let rows = figures.segments.map { segment in
            "<tr><td>\(segment.id)</td><td>\(Units.grouped(segment.rowCount))</td>"
                + "<td>\(Units.grouped(segment.deletedCount))</td>"
                + "<td>\(Units.bytes(segment.byteCount))</td><td>\(segment.writes)</td>"
                + "<td>\(segment.meanDegree.map { Units.fixed($0, 1) } ?? "-")</td>"
                + "<td>\(segment.recall.map { Units.fixed($0, 3) } ?? "-")</td></tr>"
        }
        return "<div class=\"scroll\"><table><thead><tr><th>segment</th><th>rows</th>"
            + "<th>deleted</th><th>bytes</th><th>writes</th><th>mean degree</th><th>recall</th>"
            + "</tr></thead><tbody>\(rows.joined())</tbody></table></div>"
    }

    private static let style = """
        :root{--ink:#1d2730;--soft:#5c6b78;--paper:#fbfaf7;--card:#fff;--edge:#dfe3e6;\
        --c0:#2b6cb0;--c1:#b7791f;--c2:#2f855a;--c3:#c53030;--c4:#6b46c1;--c5:#00838f;\
        --c6:#ad1457;--c7:#5d4037;--c8:#90a0ad}\
        @media(prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#9fb0bd;--paper:#12181d;\
        --card:#1a2229;--edge:#2c3740;--c0:#63a4e8;--c1:#e0a94a;--c2:#5cc08a;--c3:#ef7070;\
        --c4:#a78bfa;--c5:#4dd0e1;--c6:#f48fb1;--c7:#bcaaa4;--c8:#78909c}}\
        *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);\
        font:15px/1.45 system-ui,sans-serif}main{max-width:1240px;margin:0 auto;padding:20px}\
        h1{margin:0 0 4px;font-size:24px;overflow-wrap:anywhere}h2{margin:0;font-size:16px}\
        header{margin-bottom:14px}.state{margin:0;font-weight:600}.good{color:var(--c2)}\
        .odd{color:var(--c1)}.worst{color:var(--c3)}\
        .findings{margin:6px 0;padding-left:18px;font-size:13px;overflow-wrap:anywhere}\
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px 16px;\
        margin:0 0 18px}dt{color:var(--soft);font-size:12px}dd{margin:0;overflow-wrap:anywhere}\
        .grid{columns:3 300px;column-gap:16px}\
        section{break-inside:avoid;margin:0 0 16px;background:var(--card);\
        border:1px solid var(--edge);border-radius:8px;\
        padding:14px;min-width:0}section p{margin:2px 0 10px;color:var(--soft);font-size:13px}\
        svg{display:block;width:100%;height:auto}.t,.v{font:11px system-ui,sans-serif;\
        fill:var(--soft)}.v{fill:var(--ink)}.axis{fill:none;stroke:var(--edge)}\
        .track{fill:var(--edge);opacity:.5}.plane{fill:none;stroke:var(--edge)}\
        .line{fill:none;stroke-width:2}.c1l{stroke:var(--c1)}.c2l{stroke:var(--c2)}\
        .c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3,.bad{fill:var(--c3)}\
        .c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}.c7{fill:var(--c7)}\
        .c8{fill:var(--c8)}.p{opacity:.65}.legend{display:flex;flex-wrap:wrap;gap:4px 14px;\
        margin:8px 0 0}.legend span{overflow-wrap:anywhere}.legend i{display:inline-block;\
        width:10px;height:10px;border-radius:5px;margin-right:5px}.k0{background:var(--c0)}\
        .k1{background:var(--c1)}.k2{background:var(--c2)}.k3{background:var(--c3)}\
        .k4{background:var(--c4)}.k5{background:var(--c5)}.k6{background:var(--c6)}\
        .k7{background:var(--c7)}.k8{background:var(--c8)}.scroll{overflow-x:auto;margin-top:18px}\
        table{border-collapse:collapse;font-size:13px;width:100%}th,td{padding:5px 10px;\
        text-align:right;border-bottom:1px solid var(--edge);white-space:nowrap}\
        th{color:var(--soft);font-weight:500}footer{margin-top:20px;color:var(--soft);\
        font-size:12px}
        """
}
