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
Watchdog.install()
let campaign = FuzzCampaign(arguments)
exit(campaign.run() ? 0 : 1)
