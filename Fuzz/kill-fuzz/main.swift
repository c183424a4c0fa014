// Kills a real process that writes to a real store, again and again, and looks at what is left.

import Glibc

/// Arguments: `kill-fuzz [--kills N] [--seed S] [--minutes M] [--directory D]`.
func value(_ option: String) -> String? {
    guard let index = CommandLine.arguments.firstIndex(of: option),
        index + 1 < CommandLine.arguments.count
    else { return nil }
    return CommandLine.arguments[index + 1]
}

let directory = value("--directory") ?? "/tmp/varve-kill-fuzz-\(getpid())"
let seed = value("--seed").flatMap { UInt64($0) } ?? 1
if let round = value("--child").flatMap({ UInt64($0) }) {
    KillChild(directory: directory, seed: seed, round: round).run()
}
let campaign = KillCampaign(
    directory: directory, seed: seed, killCount: value("--kills").flatMap { Int($0) } ?? 200,
    minutes: value("--minutes").flatMap { Double($0) } ?? .infinity)
exit(campaign.run() ? 0 : 1)
