// One history under many option sets: whatever a store is told to be, it must answer the same.

import Glibc
import VarveOracle

/// Arguments: `model-fuzz [--sets N] [--operations N] [--seed S] [--seeds N] [--minutes M]
/// [--share I --shares N]`.
func number(_ option: String, _ fallback: Double) -> Double {
    guard let index = CommandLine.arguments.firstIndex(of: option),
        index + 1 < CommandLine.arguments.count
    else { return fallback }
    return Double(CommandLine.arguments[index + 1]) ?? fallback
}

func say(_ text: String, to descriptor: Int32) {
    var text = text + "\n"
    text.withUTF8 { bytes in _ = unsafe write(descriptor, bytes.baseAddress, bytes.count) }
}

func seconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let start = seconds()
let limit = number("--minutes", .infinity) * 60
let setCount = Int(number("--sets", 60))
let operationCount = Int(number("--operations", 10_000))
let first = UInt64(number("--seed", 1))
/// Of so many processes, each with some of the sets; all run set 0, to compare theirs with it.
let share = Int(number("--share", 0))
let shareCount = Int(number("--shares", 1))
var runs = 0
var tally = MetamorphicTally()
for seed in first..<first + UInt64(number("--seeds", 1)) {
    for set in 0..<setCount
    where seconds() - start < limit && (set == 0 || set % shareCount == share) {
        let session = MetamorphicSession(
            seed: seed, optionSet: set, operationCount: operationCount)
        do {
            try tally.add(session.run(), of: seed)
        } catch {
            say("FAILURE model-fuzz --seed \(seed), option set \(set): \(error)", to: 1)
            exit(1)
        }
        runs += 1
        if runs % 5 == 0 { say("\(runs) runs, \(Int(seconds() - start)) s", to: 2) }
    }
}
say(
    "\(runs) runs of \(operationCount) operations, \(tally.text), \(Int(seconds() - start)) s, "
        + "0 failures", to: 1)
