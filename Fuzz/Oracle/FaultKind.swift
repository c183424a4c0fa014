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

    private init(
        _ name: String, _ effect: FaultEffect, _ calls: Set<DiskCall>, _ repeats: Bool
    ) {
        self.name = name
        self.effect = effect
        self.calls = calls
        self.repeats = repeats
    }

    /// The rule that has it happen at the operation `place` or the first after it that it befalls.
    package func rule(at place: Int) -> FaultRule {
        FaultRule(effect, on: calls, trigger: .operation(place), repeats: repeats)
    }

    /// Whether the fault takes bytes that were written and not synced, from readers too: then what
    /// a process that ends has not synced may be gone, as after a power cut.
    package var takesUnsynced: Bool {
        [.dropPages, .revertPages, .failInBackground].contains(effect)
    }
}
