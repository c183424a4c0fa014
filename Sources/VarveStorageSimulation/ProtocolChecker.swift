// Rules that every history of a store on a disk must keep, faults or not.

import Synchronization
public import VarveStorage

/// Watches the calls to a simulated disk and notes each that breaks the protocol of the store.
///
/// 1. A file that was declared sealed is not written to again.
/// 2. When the pointer to the live manifest is put in place, it and every file it leads to are
///    durable: bytes and names.
/// 3. No file is removed or renamed away while a manifest that a power cut may bring back leads to
///    it: the live one, and its forerunners until the root directory is synced. A growing file may
///    be replaced by one whose bytes are durable.
/// 4. What is declared acknowledged is durable.
///
/// The module that knows the format says what a pointer leads to. A store that is opened on a disk
/// after a crash needs a new checker.
public final class ProtocolChecker: Sendable {
    private let disk: SimulatedFileSystem
    private let root: FilePath
    private let pointer: FilePath
    private let references: References
    private let state = Mutex(State())

    /// What the live manifest on a disk leads to; nil if there is none yet.
    ///
    /// Reads with ``SimulatedFileSystem/bytes(_:)``, which counts no operation and meets no fault.
    public typealias References = @Sendable (SimulatedFileSystem) -> ManifestReach?

    private struct State {
        var sealedNumbers: Set<Int> = []
        /// What manifests lead to that a power cut may bring back, oldest first.
        var eras: [Set<[String]>] = []
        /// Those among them that may be replaced by a durable file.
        var growing: Set<[String]> = []
        var violations: [String] = []
    }

    /// Watches `disk` from now on.
    ///
    /// - Parameters:
    ///   - root: The directory of the store.
    ///   - pointer: The name of the pointer to the live manifest, in the root.
    ///   - references: What the live manifest leads to.
    public init(
        _ disk: SimulatedFileSystem, root: FilePath, pointer: String,
        references: @escaping References
    ) {
        self.disk = disk
        self.root = root
        self.pointer = root.appending(pointer)
        self.references = references
        if let reach = references(disk) { begin(reach) }
        disk.observe { [weak self] operation in self?.watch(operation) }
    }

    /// The breaches so far, one sentence each.
    public var violations: [String] { state.withLock { $0.violations } }

    /// Declares that the file now at `path` will never be written to again, under any name.
    public func declareSealed(_ path: FilePath) {
        guard let number = disk.fileNumber(path) else {
            return note("\(path) was declared sealed and is not there")
        }
        state.withLock { _ = $0.sealedNumbers.insert(number) }
    }

    /// Declares that the first `byteCount` bytes of the file at `path` carry writes that their
    /// writer was told are durable.
    public func declareAcknowledged(_ path: FilePath, byteCount: Int) {
        guard !disk.isDurable(path, 0..<byteCount) else { return }
        note("the first \(byteCount) bytes of \(path) were acknowledged and are not durable")
    }

    private func note(_ violation: String) {
        state.withLock { $0.violations.append(violation) }
    }

    private func watch(_ operation: DiskOperation) {
        guard case .succeeded = operation.outcome else { return }
        switch operation.call {
        case .write, .truncate, .preallocate:
            if let number = operation.fileNumber,
                state.withLock({ $0.sealedNumbers.contains(number) })
            {
                note("\(operation) touches a sealed file")
            }
        case .remove: checkIsFree(operation.path, operation)
        case .rename:
            checkIsFree(operation.path, operation)
            guard let target = operation.target else { break }
            if Self.place(target) == Self.place(pointer) {
                beginEra(operation)
            } else if !isReplaceable(target) {
                checkIsFree(target, operation)
            }
        case .syncDirectory where Self.place(operation.path) == Self.place(root):
            // The newest pointer cannot be lost any more, so the older ones cannot come back.
            state.withLock { $0.eras.removeFirst(max(0, $0.eras.count - 1)) }
        default: break
        }
    }

    /// Whether what now stands at `path` may have taken the place of what a manifest leads to.
    private func isReplaceable(_ path: FilePath) -> Bool {
        guard state.withLock({ $0.growing.contains(Self.place(path)) }),
            let bytes = disk.bytes(path)
        else { return false }
        return disk.durableBytes(path) == bytes
    }

    /// Notes a breach if a manifest that may come back leads to `path`.
    private func checkIsFree(_ path: FilePath, _ operation: DiskOperation) {
        let place = Self.place(path)
        let isNamed = state.withLock { $0.eras.contains { $0.contains(place) } }
        if isNamed { note("\(operation) takes a file that a manifest leads to") }
    }

    /// The pointer was put in place: from now on a power cut may bring back what it leads to.
    private func beginEra(_ operation: DiskOperation) {
        guard let reach = references(disk) else {
            return note("\(operation) put a pointer in place that leads nowhere")
        }
        // The new pointer's bytes must be safe; its name is what the next directory sync is for.
        let pointerBytes = disk.bytes(pointer)
        if disk.durableBytes(pointer) != pointerBytes {
            note("\(operation) put a pointer in place whose bytes are not durable")
        }
        for name in reach.finished where !disk.isDurable(root.appending(name)) {
            note("\(operation) leads to \(name), which is not durable")
        }
        for name in reach.growing where !disk.isNameDurable(root.appending(name)) {
            note("\(operation) leads to \(name), whose name is not durable")
        }
        begin(reach)
    }

    /// A manifest that leads to `reach` may come back from now on.
    private func begin(_ reach: ManifestReach) {
        state.withLock { state in
            state.eras.append(places(reach))
            state.growing.formUnion(reach.growing.map { Self.place(root.appending($0)) })
        }
    }

    private func places(_ reach: ManifestReach) -> Set<[String]> {
        Set((reach.finished + reach.growing).map { Self.place(root.appending($0)) })
    }

    /// A path in the one form that two spellings of it share.
    private static func place(_ path: FilePath) -> [String] { DiskState.components(path) }
}
