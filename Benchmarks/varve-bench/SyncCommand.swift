// The bare price of a synced write.

/// `sync`: the disk's own price of durability, and the store's.
let syncCommand = Command(
    name: "sync",
    summary: "4 KiB writes with fdatasync, in rounds with one-row upserts under everyCommit",
    options: [
        Option(name: "dir", placeholder: "DIR", help: "a directory on the disk to measure (.)"),
        Option(name: "writes", placeholder: "N", help: "writes of each kind (2000)"),
    ],
    run: measureSync)

private let roundCount = 20

private func measureSync(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let directory = arguments.text("dir") ?? "."
    let writesPerRound = max(1, try arguments.number("writes", default: 2_000) / roundCount)
    let bareFile = try BareFile(in: directory, blockCount: writesPerRound * roundCount)
    var bare = LatencySamples()
    var progress = Progress("sync", total: writesPerRound * roundCount)
    // Rounds, so that a disk that changes its mood treats both kinds alike.
    for _ in 0..<roundCount {
        for _ in 0..<writesPerRound { try bare.measure { try bareFile.writeAndSync() } }
        progress.advance(by: writesPerRound)
    }
    return [("writes", .integer(bare.count))] + bare.fields("bare_")
}
