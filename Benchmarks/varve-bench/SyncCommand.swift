// The price of a bare write and sync, beside a one-row upsert that is acknowledged once on disk.

import Varve

/// `sync`: the disk's own price of durability, and the store's.
let syncCommand = Command(
    name: "sync",
    summary: "4 KiB writes with fdatasync, in rounds with one-row upserts under everyCommit",
    options: [
        Option(name: "dir", placeholder: "DIR", help: "a directory on the disk to measure (.)"),
        Option(name: "dimension", placeholder: "N", help: "components of a row (384)"),
        Option(name: "writes", placeholder: "N", help: "writes of each kind (2000)"),
    ],
    run: measureSync)

private let roundCount = 20

private func measureSync(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let directory = arguments.text("dir") ?? "."
    let dimension = try arguments.number("dimension", default: 384)
    let writesPerRound = max(1, try arguments.number("writes", default: 2_000) / roundCount)
    let bareFile = try BareFile(in: directory, blockCount: writesPerRound * roundCount)
    let storePath = directory + "/bench-sync.varve"
    let schema = Schema(dimension: dimension, metric: .euclidean, elementType: .float16)
    let store = try Store.create(at: storePath, schema: schema, options: Options())
    defer { removeDirectory(storePath) }
    var bare = LatencySamples()
    var upserts = LatencySamples()
    var progress = Progress("sync", total: 2 * writesPerRound * roundCount)
    // Rounds, so that a disk that changes its mood treats both kinds alike.
    for _ in 0..<roundCount {
        for _ in 0..<writesPerRound { try bare.measure { try bareFile.writeAndSync() } }
        for _ in 0..<writesPerRound {
            let row = UInt64(upserts.count)
            let vector = (0..<dimension).map { Float((Int(row) + $0 * 31) % 257) / 257 }
            try upserts.measure {
                var batch = WriteBatch()
                batch.upsert(id: .number(row), vector: vector)
                try store.write(batch)
            }
        }
        progress.advance(by: 2 * writesPerRound)
    }
    try store.close()
    let ratio = upserts.percentiles([50])[0] / bare.percentiles([50])[0]
    return [("writes", .integer(bare.count)), ("d", .integer(dimension))]
        + bare.fields("bare_") + upserts.fields("upsert_")
        + [("p50_ratio", .decimal(ratio, digits: 2))]
}
