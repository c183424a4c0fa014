// Searching for packages that are not in the store, by what they say of themselves.

import Varve

/// How good and how fast the searches were.
struct SearchReport {
    /// The share of the exact ten nearest that were found.
    var recall: Double
    /// The time half of the searches stayed under, in milliseconds.
    var medianMilliseconds: Double
    /// The time all but one in a hundred stayed under, in milliseconds.
    var p99Milliseconds: Double
}

/// Searches for every query, one after the other.
func searchAll(_ data: PackageData, in store: Store) throws -> SearchReport {
    var durations: [Double] = []
    var foundCount = 0
    for index in data.queries.indices {
        let query = Query(vector: data.queryVectors[index].map(Float.init), k: 10)
        let start = ContinuousClock.now
        let hits = try store.search(query).hits
        durations.append((ContinuousClock.now - start) / .milliseconds(1))
        let exact = Set(data.answers[index].map { RecordID.number(UInt64($0)) })
        foundCount += hits.count { exact.contains($0.id) }
    }
    durations.sort()
    return SearchReport(
        recall: Double(foundCount) / Double(data.queries.count * data.answers.columnCount),
        medianMilliseconds: durations[durations.count / 2],
        p99Milliseconds: durations[durations.count * 99 / 100])
}

/// Prints a few questions with the packages found for them.
func showSome(_ data: PackageData, in store: Store) throws {
    for index in stride(from: 25, to: data.queries.count, by: 45) {
        print("\n  \(data.queries[index].synopsis)")
        var query = Query(vector: data.queryVectors[index].map(Float.init), k: 3)
        query.includeAttributes = true
        for hit in try store.search(query).hits {
            let name = text(hit.attributes?["name"])
            let synopsis = text(hit.attributes?["synopsis"])
            print("    \(fixed(Double(hit.distance), digits: 3))  \(name): \(synopsis)")
        }
    }
}

private func text(_ value: AttributeValue?) -> String {
    if case .string(let text) = value { text } else { "" }
}

/// A number with exactly `digits` digits behind the point.
func fixed(_ number: Double, digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((number * Double(scale)).rounded())
    let fraction = String(scaled.magnitude % scale.magnitude)
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return "\(scaled < 0 ? "-" : "")\(scaled.magnitude / scale.magnitude).\(zeros)\(fraction)"
}
