// How long calls took, every one of them.

/// Durations of calls, kept one by one, so percentiles are exact.
struct LatencySamples {
    private var nanoseconds: [UInt64] = []

    /// An empty record with room for `count` samples.
    init(capacity count: Int = 0) { nanoseconds.reserveCapacity(count) }

    /// Calls recorded.
    var count: Int { nanoseconds.count }

    /// Records one call.
    mutating func add(_ duration: UInt64) { nanoseconds.append(duration) }

    /// Runs a call and records how long it took.
    @discardableResult
    mutating func measure<Result>(_ call: () throws -> Result) rethrows -> Result {
        let start = monotonicNanoseconds()
        defer { add(monotonicNanoseconds() - start) }
        return try call()
    }

    /// Records the calls of `other` too.
    mutating func add(contentsOf other: LatencySamples) {
        nanoseconds.append(contentsOf: other.nanoseconds)
    }

    /// The sum in seconds.
    var totalSeconds: Double { Double(nanoseconds.reduce(0, +)) / 1e9 }

    /// Percentiles in milliseconds, interpolated between neighbouring samples as NumPy does; 0 to
    /// 100.
    func percentiles(_ wanted: [Double]) -> [Double] {
        guard !nanoseconds.isEmpty else { return wanted.map { _ in .nan } }
        let sorted = nanoseconds.sorted()
        return wanted.map { percent in
            let place = Double(sorted.count - 1) * percent / 100
            let lower = Int(place)
            let upper = min(lower + 1, sorted.count - 1)
            let low = Double(sorted[lower])
            return (low + (Double(sorted[upper]) - low) * (place - Double(lower))) / 1e6
        }
    }

    /// `p50_ms`, `p99_ms` and `max_ms` behind a prefix.
    func fields(_ prefix: String = "") -> [(name: String, value: JSONValue)] {
        let names = ["p50_ms", "p99_ms", "max_ms"]
        return zip(names, percentiles([50, 99, 100])).map {
            (prefix + $0, .decimal($1, digits: 4))
        }
    }
}
