// The life of a store on the simulated disk, with the power cut before every change to it.

import Synchronization
import Testing
import VarveFormat
import VarveManifest
import VarveStorage
import VarveStorageSimulation

/// What a power cut at one moment has left, and which versions it may have left.
private struct Image: Sendable {
    var disk: SimulatedFileSystem
    var policy: CrashPolicy
    var operation: DiskOperation
    /// The version whose publication had returned; zero before the creation has.
    var acknowledged: UInt64
    /// The newest version whose publication had begun.
    var issued: UInt64
}

/// Versions published and begun, and what power cuts have left.
private final class History: Sendable {
    let state = Mutex((acknowledged: UInt64(0), issued: UInt64(1), images: [Image]()))

    func watch(_ disk: SimulatedFileSystem, seed: UInt64) {
        disk.onOperation { operation in
            self.state.withLock { state in
                for policy in CrashPolicy.all {
                    state.images.append(
                        Image(
                            disk: disk.crash(policy, seed: seed), policy: policy,
                            operation: operation, acknowledged: state.acknowledged,
                            issued: state.issued))
                }
            }
        }
    }

    func acknowledge(_ version: VersionNumber) {
        state.withLock { state in
            state.acknowledged = version.rawValue
            state.issued = version.rawValue + 1
        }
    }
}

@Suite struct PowerCutTests {
    /// Writes the file of a segment as a flush does, durable in bytes and name.
    private func writeSegment(
        _ number: UInt64, on disk: SimulatedFileSystem
    ) throws -> SegmentRecord {
        let header = FileHeader(
            kind: .segment, store: sampleStore, file: FileID(number + 500), number: number)
        let bytes = header.encoded() + [UInt8](repeating: 7, count: 5_000)
        let path = storeDirectory.appending(FileNames.segment(SegmentID(number)))
        try disk.writeFileDurably(path, bytes)
        try disk.syncDirectory(path.parent)
        return SegmentRecord(
            id: SegmentID(number), file: FileID(number + 500), byteCount: UInt64(bytes.count),
            digest: Digest(of: bytes), rowCount: 10, firstSequence: SequenceNumber(1),
            lastSequence: SequenceNumber(2))
    }

    /// Creation, three flushes, a merge of all of them, and the retirement of what is left over.
    private func live(on disk: SimulatedFileSystem, _ history: History) throws {
        let store = try ManifestStore.create(
            fileSystem: disk, directory: storeDirectory, manifest: .first,
            retention: Retention(manifestCount: 2, protectingManifestCount: 1, graceSeconds: 0))
        history.acknowledge(VersionNumber(1))
        for _ in 0..<3 { try publish(store, on: disk, history) { $0 } }
        try publish(store, on: disk, history) { [$0[3]] }
        try store.retire(nowMicroseconds: 10)
        try store.emptyTrash(nowMicroseconds: 10)
    }

    private func publish(
        _ store: ManifestStore, on disk: SimulatedFileSystem, _ history: History,
        _ select: ([SegmentRecord]) -> [SegmentRecord]
    ) throws {
        var next = store.current.next(store)
        let number = store.nextFileNumber
        next.segments = select(next.segments + [try writeSegment(number, on: disk)])
        next.nextFileNumber = number + 1
        next.lastSequence = SequenceNumber(2)
        try store.publish(next)
        history.acknowledge(next.version)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `whatever the power cut leaves is a version or plainly none`(seed: UInt64) throws {
        let disk = SimulatedFileSystem(seed: seed)
        let history = History()
        history.watch(disk, seed: seed)
        try live(on: disk, history)
        disk.onOperation(nil)
        let images = history.state.withLock { $0.images }
        #expect(images.count > 500)
        for image in images {
            try check(image, "seed \(seed), \(image.policy), before \(image.operation)")
        }
    }

    private func check(_ image: Image, _ moment: Comment) throws {
        do throws(ManifestError) {
            let store = try ManifestStore.load(
                fileSystem: image.disk, directory: storeDirectory, readOnly: false)
            let version = store.current.version.rawValue
            #expect((max(1, image.acknowledged)...image.issued).contains(version), moment)
            // The store goes on, and what it says now is true after another power cut.
            let next = try store.publish(store.current.next(store))
            try store.retire(nowMicroseconds: 10)
            let again = try ManifestStore.load(
                fileSystem: image.disk.crash(.loseUnsynced, seed: 1), directory: storeDirectory,
                readOnly: true)
            #expect(again.current == next, moment)
        } catch {
            let isNone: Bool
            switch error {
            case .notAStore, .interruptedCreation: isNone = true
            default: isNone = false
            }
            #expect(isNone && image.acknowledged == 0, "\(moment): \(error)")
            _ = try ManifestStore.create(
                fileSystem: image.disk, directory: storeDirectory, manifest: .first, resuming: true)
        }
    }

    @Test func `the protocol of the store is kept at every call`() throws {
        let disk = SimulatedFileSystem(seed: 9)
        let checker = ProtocolChecker(disk, root: storeDirectory, pointer: FileNames.current) {
            disk in
            guard let text = disk.bytes(storeDirectory.appending(FileNames.current)),
                let pointer = try? CurrentPointer(decoding: text)
            else { return nil }
            let name = FileNames.manifest(pointer.version)
            let bytes = disk.bytes(storeDirectory.appending(name)) ?? []
            let files = (try? Manifest(decoding: bytes))?.files ?? []
            return ManifestReach(finished: [name] + files.map(\.name))
        }
        try live(on: disk, History())
        #expect(checker.violations.isEmpty)
    }
}
