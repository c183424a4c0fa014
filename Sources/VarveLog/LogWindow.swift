// A window that slides over a file, large enough for the record at hand.

internal import VarveStorage

/// The bytes of a file from some offset on; reads forward only.
@safe final class LogWindow {
    private let file: any StoredFile
    private let fileByteCount: UInt64
    private var memory: UnsafeMutableRawBufferPointer
    /// Where the bytes in `memory` begin in the file, and how many there are.
    private var memoryOffset: UInt64 = 0
    private var filledByteCount = 0
    private var start = 0

    /// Bytes read at a time.
    static let stepByteCount = 1 << 20

    init(_ file: any StoredFile, fileByteCount: UInt64) {
        self.file = file
        self.fileByteCount = fileByteCount
        let room = Int(min(UInt64(Self.stepByteCount), max(fileByteCount, 8)))
        unsafe memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 4_096)
    }

    deinit { unsafe memory.deallocate() }

    /// The bytes from the offset of the last ``fill(from:byteCount:)`` on; valid until the next.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safety: `start..<filledByteCount` lies inside `memory` and has been read into;
            // `memory` moves only in `fill`, which a span that borrows this object does not
            // outlive.
            let buffer = unsafe UnsafeRawBufferPointer(rebasing: memory[start..<filledByteCount])
            let span = unsafe RawSpan(_unsafeBytes: buffer)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Makes ``bytes`` begin at `offset` and have at least `byteCount` bytes, or all the file has
    /// left.
    func fill(from offset: UInt64, byteCount: Int) throws(StorageError) {
        let end = memoryOffset + UInt64(filledByteCount)
        precondition(offset >= memoryOffset + UInt64(start) && offset <= end)
        start = Int(offset - memoryOffset)
        let wanted = Int(min(UInt64(byteCount), fileByteCount - offset))
        guard filledByteCount - start < wanted else { return }
        slide(roomFor: wanted)
        while filledByteCount < wanted {
            let at = memoryOffset + UInt64(filledByteCount)
            let room = unsafe Int(min(UInt64(memory.count - filledByteCount), fileByteCount - at))
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: memory[filledByteCount..<filledByteCount + room])
            let count = try unsafe file.read(into: target, at: at)
            guard count > 0 else { throw StorageError(.endOfFile, call: "pread", path: file.path) }
            filledByteCount += count
        }
    }

    /// Moves what is left of the window to the front of memory, which has room for `byteCount`
    /// bytes afterwards.
    private func slide(roomFor byteCount: Int) {
        let left = filledByteCount - start
        let rest = unsafe UnsafeRawBufferPointer(rebasing: memory[start..<filledByteCount])
        if unsafe byteCount > memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: byteCount, alignment: 4_096)
            unsafe larger.copyMemory(from: rest)
            unsafe memory.deallocate()
            unsafe memory = larger
        } else {
            unsafe memory.copyMemory(from: rest)
        }
        memoryOffset += UInt64(start)
        start = 0
        filledByteCount = left
    }
}
