// The most memory the process takes while something runs, by kind.

import Foundation
import Synchronization

/// Looks at the memory of this process every few milliseconds, from its making to ``end()``.
final class ResidentSampler: Sendable {
    /// What is resident, in MiB: memory of the process's own, pages of mapped files.
    struct Amount: Sendable {
        var anonymous = 0.0
        var mapped = 0.0
        var total = 0.0

        /// What is resident now.
        static var now: Amount {
            let lines = textOfFile("/proc/self/status").split(separator: "\n")
            func field(_ name: String) -> Double {
                let line = lines.first { $0.hasPrefix(name + ":") }
                return (line.flatMap { Double($0.filter(\.isNumber)) } ?? 0) / 1024
            }
            let (anonymous, mapped) = (field("RssAnon"), field("RssFile") + field("RssShmem"))
            return Amount(anonymous: anonymous, mapped: mapped, total: anonymous + mapped)
        }

        mutating func raise(to other: Amount) {
            anonymous = max(anonymous, other.anonymous)
            mapped = max(mapped, other.mapped)
            total = max(total, other.total)
        }
    }

    /// What was resident when the sampler was made.
    let rest = Amount.now
    private let peak: Mutex<Amount>
    private let isEnded = Mutex(false)

    init() {
        peak = Mutex(rest)
        Thread { [self] in
            while !isEnded.withLock({ $0 }) {
                let now = Amount.now
                peak.withLock { $0.raise(to: now) }
                Thread.sleep(forTimeInterval: 0.002)
            }
        }.start()
    }

    /// Ends looking; gives the peaks as fields, over what was resident at rest.
    func end(_ prefix: String) -> [(name: String, value: JSONValue)] {
        isEnded.withLock { $0 = true }
        let peak = peak.withLock { $0 }
        return [
            (prefix + "over_rest_mib", .decimal(peak.total - rest.total, digits: 1)),
            (
                prefix + "anonymous_over_rest_mib",
                .decimal(peak.anonymous - rest.anonymous, digits: 1)
            ),
            (prefix + "mapped_over_rest_mib", .decimal(peak.mapped - rest.mapped, digits: 1)),
            (prefix + "rest_mib", .decimal(rest.total, digits: 1)),
        ]
    }
}
