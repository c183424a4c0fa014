// Many reads at a time, by the best way there is.

import CRing

/// Reads pages of files in batches: through io_uring where that is to be had, one after the other
/// where not, with the same results.
///
/// A short read is gone on with and a spurious failure is made good by a plain read, so that a
/// completion is whole, ends where the file ends, or is an error. May pass from thread to thread,
/// but is used by one at a time. Reads in flight keep their file; their buffers are the caller's
/// to keep until the completion or until this reader is gone, which waits for them.
public struct BatchReader: ~Copyable, Sendable {
    /// The most reads in flight.
    public let depth: Int
    private var ring: RingReader?
    private var slots: [Slot]
    private var freeSlots: [Int]
    /// Completions of plain reads, not handed out yet.
    private var finished: [ReadCompletion] = []
    /// How long to look for completions before sleeping, in nanoseconds.
    private static let spinNanoseconds: UInt64 = 100_000

    /// A read in flight.
    @safe private struct Slot: @unchecked Sendable {
        // Invariant for Sendable: the buffer is the kernel's until the read completes.
        var file: (any StoredFile)?
        var request = unsafe ReadRequest(
            offset: 0, buffer: UnsafeMutableRawBufferPointer(start: nil, count: 0), tag: 0)
    }

    /// Ways of reading.
    public enum Way: Hashable, Sendable {
        /// io_uring if there is one, else plain reads.
        case best
        /// Plain reads.
        case plain
    }

    /// A reader for up to `depth` reads in flight, 1 to 4,096.
    ///
    /// - Parameter file: The file that most reads will be of; it must stay open as long as the
    ///   reader lives. The kernel is spared looking it up.
    public init(depth: Int, mostlyReading file: (any StoredFile)? = nil, way: Way = .best) {
        precondition((1...4_096).contains(depth), "a depth is 1 to 4,096")
        self.depth = depth
        let descriptor = (file as? PosixFile)?.descriptor.rawValue ?? -1
        ring = way == .best ? RingReader(depth: depth, registered: descriptor) : nil
        slots = [Slot](repeating: Slot(), count: depth)
        freeSlots = Array((0..<depth).reversed())
    }

    /// Whether reads go through io_uring.
    public var usesRing: Bool { ring != nil }

    /// How many reads were submitted and not reaped.
    public var pendingCount: Int { depth - freeSlots.count + finished.count }

    /// Has the kernel make these reads of `file`, with one system call.
    ///
    /// Traps if more than ``depth`` reads would be pending, or on a direct read out of alignment.
    public mutating func submit(_ requests: Span<ReadRequest>, of file: any StoredFile) {
        precondition(pendingCount + requests.count <= depth, "the reader's depth is not exceeded")
        guard ring != nil, let posix = file as? PosixFile else {
            for index in requests.indices { finished.append(Self.read(requests[index], file)) }
            return
        }
        let descriptor = posix.descriptor.rawValue
        var firstUnsent = 0
        unsafe withUnsafeTemporaryAllocation(of: cring_read.self, capacity: requests.count) {
            reads in
            for index in requests.indices {
                let request = requests[index]
                posix.checkAlignment(request)
                guard let slot = freeSlots.popLast() else { preconditionFailure("a slot is free") }
                slots[slot] = Slot(file: file, request: request)
                unsafe reads.initializeElement(
                    at: index,
                    to: cring_read(
                        offset: request.offset, tag: UInt64(slot),
                        buffer: request.buffer.baseAddress,
                        length: UInt32(clamping: request.buffer.count), fd: descriptor))
            }
            firstUnsent = unsafe ring?.submit(UnsafeBufferPointer(reads)) ?? 0
            // What the kernel did not take is read here and now.
            for index in firstUnsent..<requests.count {
                let slot = unsafe Int(reads[index].tag)
                finished.append(Self.read(release(slot).request, file))
            }
        }
    }

    /// Waits until at least `minimum` reads have completed (all pending, if those are fewer), and
    /// adds what came of them and of any others that have completed to `completions`.
    public mutating func reap(atLeast minimum: Int, into completions: inout [ReadCompletion]) {
        let ready = finished.count
        completions += finished
        finished.removeAll(keepingCapacity: true)
        let inFlight = depth - freeSlots.count
        guard inFlight > 0 else { return }
        unsafe withUnsafeTemporaryAllocation(of: cring_completion.self, capacity: inFlight) {
            buffer in
            var done = 0
            repeat {
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[done...])
                let wanted = max(0, min(minimum - ready, inFlight) - done)
                let count =
                    unsafe ring?.reap(
                        wanted, into: rest, spinNanoseconds: Self.spinNanoseconds) ?? 0
                // The kernel cannot refuse this to the owner of a sound ring.
                precondition(count >= 0, "the ring is broken: error \(-count)")
                done += count
            } while done < min(minimum - ready, inFlight)
            for index in 0..<done {
                let raw = unsafe buffer[index]
                let slot = release(Int(raw.tag))
                completions.append(Self.completion(slot, result: Int(raw.result)))
            }
        }
    }

    private mutating func release(_ slot: Int) -> Slot {
        let result = slots[slot]
        slots[slot].file = nil
        freeSlots.append(slot)
        return result
    }

    // MARK: - One read

    /// What the kernel's answer to a read means.
    private static func completion(_ slot: Slot, result: Int) -> ReadCompletion {
        guard let file = slot.file else { preconditionFailure("a slot in flight has a file") }
        let request = slot.request
        if unsafe result == request.buffer.count {
            return ReadCompletion(tag: request.tag, byteCount: result)
        }
        let number = Int32(clamping: -result)
        let isSpurious = [
            ErrorNumber.interrupted, ErrorNumber.tryAgain, ErrorNumber.cancelled,
        ].contains(number)
        if result < 0 && !isSpurious {
            let error = StorageError(errorNumber: number, call: "io_uring_read", path: file.path)
            return ReadCompletion(tag: request.tag, byteCount: 0, error: error)
        }
        return read(request, file)
    }

    /// Reads as much as there is, by plain calls.
    private static func read(_ request: ReadRequest, _ file: any StoredFile) -> ReadCompletion {
        do throws(StorageError) {
            let count = try unsafe file.readAvailable(into: request.buffer, at: request.offset)
            return ReadCompletion(tag: request.tag, byteCount: count)
        } catch {
            return ReadCompletion(tag: request.tag, byteCount: 0, error: error)
        }
    }
}
