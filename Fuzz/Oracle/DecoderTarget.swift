// Everything that turns bytes from outside into values, one target each, for fuzzers.

import Varve
import VarveFormat
import VarveManifest
import VarveStorage
import VarveStorageSimulation

/// A decoder, a parser, or a whole store, that must meet any bytes with a value or an error.
package struct DecoderTarget: Sendable {
    /// Its name.
    package var name: String
    /// Gives it bytes; what it throws is kept to itself.
    ///
    /// Traps, hangs and memory without bound are what a fuzzer looks for.
    package var run: @Sendable ([UInt8]) -> Void
    /// Inputs that it accepts, to begin with.
    package var seeds: @Sendable () throws -> [[UInt8]]

    /// The target of that name.
    package static func named(_ name: String) -> DecoderTarget? { all.first { $0.name == name } }

    /// All targets.
    package static let all: [DecoderTarget] = [
        decoder("file-header", files: { _ in true }, prefix: 64) {
            _ = unsafe try FileHeader(decoding: $0.span.bytes, expecting: .segment)
        },
        decoder("pointer", files: { $0 == FileNames.current }) {
            _ = try CurrentPointer(decoding: $0)
        },
        decoder("manifest", files: { $0.hasPrefix("manifest-") }) {
            _ = try Manifest(decoding: $0)
        },
        decoder("tombstones", files: { $0.hasSuffix(".del") }) {
            _ = unsafe try TombstoneFile(decoding: $0.span.bytes)
        },
        DecoderTarget(
            name: "log", run: scanLog, seeds: { try StoreImages.files { $0.hasSuffix(".wal") } }),
        DecoderTarget(
            name: "batch", run: decodeBatch,
            seeds: {
                try StoreImages.files { $0.hasSuffix(".wal") }.map { Array($0.dropFirst(168)) }
            }),
        DecoderTarget(
            name: "attributes",
            run: { bytes in
                _ = unsafe try? AttributeRecord(bytes.span.bytes).decoded()
            },
            seeds: { [[0, 0], [1, 0, 5, 0, 2, 5], [2, 0, 1, 1, 0, 1, 2, 101, 110, 0, 0, 2, 5]] }),
        DecoderTarget(
            name: "names",
            run: { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                _ = FileNames.logNumber(text)
                _ = FilePath(text).parent
            },
            seeds: {
                ["log/000001.wal", "manifest-000001", "000001-000002.del"].map { Array($0.utf8) }
            }
        ),
        DecoderTarget(
            name: "json-lines", run: { load($0, "rows.jsonl") }, seeds: TransferSeeds.lines),
        DecoderTarget(name: "npy", run: { load($0, "rows.npy") }, seeds: TransferSeeds.npy),
        DecoderTarget(name: "fbin", run: { load($0, "rows.fbin") }, seeds: TransferSeeds.fbin),
        DecoderTarget(
            name: "segment", run: SegmentTargets.read,
            seeds: { [try StoreImages.segment.get().bytes] }),
        DecoderTarget(
            name: "segment-values", run: SegmentTargets.readResealed,
            seeds: { [[], [0, 1, 2, 3, 4, 5, 6, 7]] }),
        DecoderTarget(
            name: "store", run: StoreTargets.readSoup,
            seeds: { [[], [0, 1, 2, 3, 4, 5, 6, 7]] }),
    ]

    private static func decoder(
        _ name: String, files: @escaping @Sendable (String) -> Bool, prefix: Int = .max,
        _ body: @escaping @Sendable ([UInt8]) throws -> Void
    ) -> DecoderTarget {
        DecoderTarget(
            name: name, run: { try? body($0) },
            seeds: { try StoreImages.files(files).map { Array($0.prefix(prefix)) } })
    }

    @Sendable private static func scanLog(_ bytes: [UInt8]) {
        let expectation = LogExpectation(
            store: StoreImages.store, number: LogNumber(StoreImages.logNumber), ending: .newest())
        var scan = LogScan(expecting: expectation, fileByteCount: UInt64(bytes.count))
        while true {
            let start = Int(scan.offset)
            let window = Array(bytes[start..<min(start + scan.wantedByteCount, bytes.count)])
            guard let step = unsafe try? scan.step(window.span.bytes) else { return }
            if case .batch(_, let payload) = step { decodeBatch(Array(window[payload])) }
            if case .finished = step { return }
        }
    }

    @Sendable private static func decodeBatch(_ bytes: [UInt8]) {
        guard
            var decoder = unsafe try? BatchDecoder(
                bytes.span.bytes, vectorByteCount: StoreImages.schema.vectorByteCount)
        else { return }
        while let operation = try? decoder.next() {
            guard case .upsert(_, _, let record) = operation else { continue }
            _ = try? decoder.attributes(at: record).decoded()
        }
    }

    /// Reads a file of rows, and loads it into an empty store once in a while: whatever is read
    /// must be loaded or refused, and loading takes some hundred times as long.
    private static func load(_ bytes: [UInt8], _ name: String) {
        let disk = SimulatedFileSystem(seed: 1)
        disk.keepsTrace = false
        let path = FilePath("/" + name)
        guard (try? disk.writeFileDurably(path, bytes)) != nil else { return }
        let file: TransferFile =
            name.hasSuffix("jsonl")
            ? .jsonLines(path: path.text) : .vectors(path: path.text, attributesPath: nil)
        if var reader = try? TransferReader(disk, file) {
            while let row = try? reader.next() { _ = row.vector.count }
        }
        guard Digest(of: bytes).low % 1_024 == 0,
            let store = try? Store.create(
                at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 1),
                schema: StoreImages.schema, options: StoreImages.options)
        else { return }
        _ = try? store.bulkLoad(from: file)
        try? store.close()
    }
}
