// The demonstration: load, die, recover, finish, search.

import Foundation
import Glibc
import Varve

@main
enum QuickstartDemo {
    static func main() {
        let words = CommandLine.arguments
        do {
            if words.count == 4, words[1] == "--load" {
                try loadAndTell(PackageData(directory: words[2]), storePath: words[3])
            } else if words.count == 3 {
                try demonstrate(dataPath: words[1], directory: words[2])
            } else {
                throw DemoFailure("usage: quickstart-demo DATA-DIRECTORY DIRECTORY-FOR-THE-STORE")
            }
        } catch {
            FileHandle.standardError.write(Data("quickstart-demo: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func demonstrate(dataPath: String, directory: String) throws {
        let data = try PackageData(directory: dataPath)
        let storePath = directory + "/packages.varve"
        try crashAndRecover(data, dataPath: dataPath, storePath: storePath)

        let start = ContinuousClock.now
        let store = try Store.open(at: storePath)
        print("closed, and opened again in \(milliseconds(since: start)) ms")
        _ = try verify(store, holds: data.packages.count, of: data)
        print("all \(data.packages.count) rows are there, bit by bit")
        let report = try searchAll(data, in: store)
        print(
            "\(data.queries.count) searches: recall@10 \(fixed(report.recall, digits: 4)), "
                + "p50 \(fixed(report.medianMilliseconds, digits: 3)) ms, "
                + "p99 \(fixed(report.p99Milliseconds, digits: 3)) ms")
        print("\nasked → found (distance, package)")
        try showSome(data, in: store)
        try store.close()
        print("\n\(sizes(storePath, data))")
        guard report.recall >= 0.9 else {
            throw DemoFailure("a recall of \(report.recall) is too low")
        }
    }

    /// Leaves a closed store with all packages in it, whose loading was interrupted by a kill.
    private static func crashAndRecover(
        _ data: PackageData, dataPath: String, storePath: String
    ) throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let batchCount = data.packages.count / rowsPerBatch * 3 / 5
        let acknowledged = try loadAndKill(
            program: program, dataPath: dataPath, storePath: storePath, afterBatches: batchCount)
        print("killed (SIGKILL) while writing, after \(acknowledged) acknowledged rows")

        var start = ContinuousClock.now
        let store = try Store.open(at: storePath)
        print("opened again, log replayed, in \(milliseconds(since: start)) ms")
        let found = try verify(store, holds: acknowledged, of: data)
        print("all \(acknowledged) acknowledged rows are there, bit by bit; \(found) in all")

        start = ContinuousClock.now
        try load(data, from: found, into: store) { _ in }
        print("loaded the other \(data.packages.count - found) in \(milliseconds(since: start)) ms")
        start = ContinuousClock.now
        try store.flush()
        print("flushed in \(milliseconds(since: start)) ms")
        try store.close()
    }

    /// What the store takes on disk, part by part.
    private static func sizes(_ storePath: String, _ data: PackageData) -> String {
        let vectors = data.packages.count * demoSchema.vectorByteCount
        let parts = ["segments", "log", "trash"].map { name in
            "\(name) \(mebibytes(sizeOnDisk(storePath + "/" + name)))"
        }
        return "MiB on disk: \(parts.joined(separator: ", ")) (emptied after a minute); "
            + "the vectors alone take \(mebibytes(vectors))"
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> String {
        fixed((ContinuousClock.now - start) / .milliseconds(1), digits: 1)
    }

    private static func mebibytes(_ byteCount: Int) -> String {
        fixed(Double(byteCount) / 1_048_576, digits: 1)
    }

    /// Bytes of all files below a directory.
    private static func sizeOnDisk(_ path: String) -> Int {
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.reduce(0) { sum, name in
            let values = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
            guard values?[.type] as? FileAttributeType == .typeRegular else { return sum }
            return sum + ((values?[.size] as? Int) ?? 0)
        }
    }
}
