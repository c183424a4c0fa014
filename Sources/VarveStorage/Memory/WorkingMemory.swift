// Where the large tables of background work lie.

import Synchronization

/// Memory for tables that are larger than a budget: the process's own, or scratch files that are
/// mapped and may leave the process's memory between two uses.
///
/// Any thread may ask for regions and give them back to the kernel; who reads and writes which
/// bytes of a region when is its owner's affair, and nothing is lost by ``relieve()`` at any time.
///
/// What counts is what the kernel says this process has mapped: pages come in 16 at a time, so
/// that nobody else could tell how many a piece of work has touched.
public final class WorkingMemory: Sendable {
    /// The process's own memory.
    public static let process = WorkingMemory(scratch: nil)

    private let scratch: (@Sendable (_ part: Int, _ byteCount: Int) -> MemoryRegion?)?
    /// Bytes of mapped files in the process's memory from which on pages leave it.
    private let mappedByteLimit: UInt64
    private let state = Mutex(State())

    private struct State {
        var partCount = 0
        var regions: [WeakRegion] = []
        var others: [@Sendable () -> Void] = []
    }

    private struct WeakRegion: Sendable {
        weak var region: MemoryRegion?
    }

    /// Memory that `scratch` makes of files, given numbers that it has not been given before; nil
    /// for the process's own.
    ///
    /// - Parameter byteLimit: How much more of mapped files than now may stay in the process's
    ///   memory.
    public init(
        byteLimit: Int = 0,
        scratch: (@Sendable (_ part: Int, _ byteCount: Int) -> MemoryRegion?)?
    ) {
        self.scratch = scratch
        mappedByteLimit =
            scratch == nil ? 0 : (mappedResidentByteCount() ?? 0) + UInt64(max(0, byteLimit))
    }

    /// Whether regions may leave the process's memory.
    public var isSpilled: Bool { scratch != nil }

    /// A region of `byteCount` zeros; the process's own where there can be no file.
    ///
    /// As with any allocation, the process ends where there is no address space for it.
    public func region(byteCount: Int) -> MemoryRegion {
        if let scratch {
            let part = state.withLock { state in
                defer { state.partCount += 1 }
                return state.partCount
            }
            if let region = scratch(part, byteCount) {
                state.withLock { state in
                    state.regions.removeAll { $0.region == nil }
                    state.regions.append(WeakRegion(region: region))
                }
                return region
            }
        }
        let isLarge = byteCount >= 8 * MemoryRegion.hugePageByteCount
        guard let region = try? MemoryRegion(byteCount: byteCount, hugePages: isLarge) else {
            fatalError("no address space for \(byteCount) bytes")
        }
        return region
    }

    /// Has `action` called by ``relieve()`` where giving regions back is not enough: it gives back
    /// what is asked for most often.
    public func onRelief(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.others.append(action) }
    }

    private var isOverLimit: Bool {
        mappedResidentByteCount().map { $0 > mappedByteLimit } ?? true
    }

    /// Lets the pages of all regions leave the process's memory, once they are more than the limit;
    /// where that is not enough, what ``onRelief(_:)`` has been told of follows.
    ///
    /// They come back when they are touched. Does nothing for the process's own memory.
    public func relieve() {
        guard isSpilled, isOverLimit else { return }
        giveBackRegions()
        if isOverLimit { giveBackOthers() }
    }

    private func giveBackOthers() {
        let others = state.withLock { $0.others }
        for action in others { action() }
    }

    /// Lets everything that may leave the process's memory leave it, whatever the limit: before
    /// work that needs other memory.
    public func giveBackAll() {
        giveBackRegions()
        giveBackOthers()
    }

    /// Lets the pages of all regions leave the process's memory, whatever the limit: for the end of
    /// a pass whose tables are not asked for soon.
    public func giveBackRegions() {
        let regions = state.withLock { $0.regions.compactMap(\.region) }
        for region in regions { region.giveBack() }
    }

    /// Runs `body` over `range` in stretches, giving memory back after each; in one where nothing
    /// can be given back.
    public func inStretches(
        of range: Range<Int>, length: Int = 1 << 6, _ body: (Range<Int>) -> Void
    ) {
        guard isSpilled else { return body(range) }
        for start in stride(from: range.lowerBound, to: range.upperBound, by: length) {
            body(start..<min(range.upperBound, start + length))
            relieve()
        }
    }
}
