// The crash fuzzer: histories of stores on a simulated disk, cut, failed and damaged.

import Glibc
import VarveOracle

let arguments: FuzzArguments
do {
    arguments = try FuzzArguments(CommandLine.arguments)
} catch {
    FuzzOutput.note("\(error)\n\(FuzzArguments.usage)")
    exit(2)
}
Watchdog.install(hunting: arguments.mutant != nil)
let isWell: Bool
if let (seed, policy) = arguments.shrinking {
    var shrinker = HistoryShrinker(policy: policy) { Watchdog.begin($0, $1, $2) }
    let small = shrinker.shrink(HistoryPlan(seed: seed))
    FuzzOutput.result(small.map { "\($0.plan.text)\n\($0.failure)" } ?? "nothing wrong")
    isWell = small == nil
} else if let mutant = arguments.mutant {
    isWell = MutantCampaign(arguments).hunt(mutant)
} else if arguments.huntsMutants {
    isWell = MutantCampaign(arguments).run()
} else if arguments.isExhaustive {
    var campaign = ScenarioCampaign(arguments)
    isWell = campaign.run()
} else {
    isWell = FuzzCampaign(arguments).run()
}
exit(isWell ? 0 : 1)
