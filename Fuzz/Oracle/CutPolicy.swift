// The ways in which a run ends, by name, so that a replay can name them.

package import VarveStorageSimulation

/// A way to end a run.
package struct CutPolicy: Hashable, Sendable {
    /// The name a replay gives.
    package var name: String
    /// What a power cut leaves; nil if only the process ends.
    package var policy: CrashPolicy?

    /// All ways.
    package static let all: [CutPolicy] = [
        CutPolicy(name: "loseUnsynced", policy: .loseUnsynced),
        CutPolicy(name: "keepAll", policy: .keepAll),
        CutPolicy(name: "randomPrefixPerFile", policy: .randomPrefixPerFile),
        CutPolicy(name: "randomSubsetPerSector", policy: .randomSubsetPerSector),
        CutPolicy(name: "randomSubsetPerPage", policy: .randomSubsetPerPage),
        CutPolicy(name: "laterFileSurvives", policy: .laterFileSurvives),
        CutPolicy(name: "grownButZero", policy: .grownButZero),
        CutPolicy(name: "torn", policy: .torn),
        CutPolicy(name: "directoryEntryLost", policy: .directoryEntryLost),
        CutPolicy(name: "renameLost", policy: .renameLost),
        CutPolicy(name: "unlinkSurvivesAlone", policy: .unlinkSurvivesAlone),
        CutPolicy(name: "kill", policy: nil),
    ]

    /// The disk that this end leaves.
    package func apply(to disk: SimulatedFileSystem, seed: UInt64) -> SimulatedFileSystem {
        let result: SimulatedFileSystem
        if let policy {
            result = disk.crash(policy, seed: seed)
        } else {
            result = disk.kill(seed: seed)
        }
        result.keepsTrace = false
        return result
    }

    /// The batches that may be left.
    package func bounds(_ model: OracleModel) -> ClosedRange<Int> {
        policy == nil ? model.boundsAfterKill : model.boundsAfterPowerCut
    }
}

/// Seeds out of seeds.
package func mixedSeed(_ parts: UInt64...) -> UInt64 {
    var result: UInt64 = 0x9E37
    for part in parts {
        var generator = SeededGenerator(seed: result ^ part)
        result = generator.next()
    }
    return result
}
