// The ways in which calls fail, by name, so that a replay can name them.

package import VarveStorageSimulation

/// A way in which one call, or every call from one on, goes wrong.
package struct FaultKind: Hashable, Sendable {
    /// The name a replay gives.
    package var name: String
    /// What goes wrong.
    package var effect: FaultEffect
    /// The calls it can befall.
    package var calls: Set<DiskCall>
    /// Whether it goes on until the disk is healed.
    package var repeats: Bool
    /// Whether its place is the number of the call among those it can befall, from one, and not the
    /// index of a mutating operation.
    package var countsCalls = false
    /// The files it can befall.
    package var paths = FaultRule.PathPattern.any

    /// Calls that a device can fail.
    private static let mutating = Set(DiskCall.allCases.filter(\.isMutating)).subtracting([.lock])
    /// Calls that need room.
    private static let growing: Set<DiskCall> = [
        .create, .write, .preallocate, .createDirectory, .rename, .link, .sync, .syncDirectory,
    ]

    /// All ways.
    package static let all: [FaultKind] = [
        FaultKind("EIO-once", .fail(.inputOutput), mutating, false),
        FaultKind("EIO-forever", .fail(.inputOutput), mutating, true),
        FaultKind("EIO-done", .happenThenFail(.inputOutput), mutating, false),
        FaultKind("ENOSPC-once", .fail(.noSpace), growing, false),
        FaultKind("ENOSPC-forever", .fail(.noSpace), growing, true),
        FaultKind("short-write", .short, [.write], false),
        FaultKind("sync-drops", .dropPages, [.sync], false),
        FaultKind("sync-reverts", .revertPages, [.sync], false),
        FaultKind("write-lost-behind", .failInBackground, [.write], false),
        FaultKind("read-EIO-once", .fail(.inputOutput), [.open, .read, .map, .status], false),
    ]

    private static let failing = Set(DiskCall.allCases).subtracting([.lock])

    /// Every call failed, once and for ever, with the two commonest errors.
    package static let everyCall: [FaultKind] = everyCall([.inputOutput, .noSpace])
    /// Every call failed with all others, and short reads and writes.
    package static let everyCallRarely: [FaultKind] =
        everyCall(DiskFailure.allCases.filter { $0 != .inputOutput && $0 != .noSpace })
        + [
            FaultKind("call-short", .short, [.read, .write], false, countsCalls: true),
            FaultKind("call-short-forever", .short, [.read, .write], true, countsCalls: true),
            FaultKind(
                "call-done", .happenThenFail(.inputOutput), mutating, false, countsCalls: true),
        ]
    /// Every sync failing, in three ways, and every sync of a directory.
    package static let everySync: [FaultKind] = [
        FaultKind("each-sync-drops", .dropPages, [.sync], false, countsCalls: true),
        FaultKind("each-sync-reverts", .revertPages, [.sync], false, countsCalls: true),
        FaultKind("each-write-lost-behind", .failInBackground, [.write], false, countsCalls: true),
        FaultKind(
            "each-directory-sync", .fail(.inputOutput), [.syncDirectory], false, countsCalls: true),
    ]
    /// Writes to segments that never land, or land elsewhere.
    package static let lyingWrites: [FaultKind] = [
        FaultKind(
            "segment-phantom", .phantom, [.write], false, countsCalls: true,
            paths: .suffix(".seg")),
        FaultKind(
            "segment-misdirected", .misdirected(by: 4_096), [.write], false, countsCalls: true,
            paths: .suffix(".seg")),
    ]

    /// The fault of that name.
    package static func named(_ name: String) -> FaultKind? {
        (all + everyCall + everyCallRarely + everySync + lyingWrites).first { $0.name == name }
    }

    private static func everyCall(_ failures: [DiskFailure]) -> [FaultKind] {
        failures.flatMap { failure in
            [false, true].map {
                FaultKind(
                    "call-\(failure)-\($0 ? "forever" : "once")", .fail(failure), failing, $0,
                    countsCalls: true)
            }
        }
    }

    private init(
        _ name: String, _ effect: FaultEffect, _ calls: Set<DiskCall>, _ repeats: Bool,
        countsCalls: Bool = false, paths: FaultRule.PathPattern = .any
    ) {
        self.name = name
        self.effect = effect
        self.calls = calls
        self.repeats = repeats
        self.countsCalls = countsCalls
        self.paths = paths
    }

    /// Whether the disk lies: it says that a write is done, and it is not.
    package var lies: Bool { paths != .any }

    /// The rule that has it happen at the operation `place` or the first after it that it befalls.
    package func rule(at place: Int) -> FaultRule {
        FaultRule(
            effect, on: calls, paths: paths,
            trigger: countsCalls ? .nth(place) : .operation(place), repeats: repeats)
    }

    /// Whether the fault takes bytes that were written and not synced, from readers too: then what
    /// a process that ends has not synced may be gone, as after a power cut.
    package var takesUnsynced: Bool {
        [.dropPages, .revertPages, .failInBackground].contains(effect)
    }
}
