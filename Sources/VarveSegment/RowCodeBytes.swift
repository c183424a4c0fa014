// The bytes of a segment's row codes: in memory of their own within the budget, mapped beyond it.

import VarveFormat
import VarveStorage

/// The section `codes`, verified and in one piece.
///
/// Codes that the budget has room for are copied, so that what is searched cannot be pushed out.
/// Others are mapped: searches give the same answers, and the kernel may take the pages back and
/// read them again.
@safe final class RowCodeBytes: @unchecked Sendable {
    // Invariant for Sendable: the bytes are not written after init.

    /// The first byte; aligned to 4,096.
    let baseAddress: UnsafeRawPointer
    /// Bytes of memory of its own: none where the codes are mapped.
    let ownByteCount: Int
    // One of them holds the bytes.
    private let copy: MemoryRegion?
    private let mapping: MappedBytes?
    private let reservation: PageCache.CodeReservation?

    /// Reads section `place`, which has `byteCount` bytes, at least one.
    init(
        reading place: Int, of container: SegmentContainer, byteCount: Int
    ) throws(SegmentError) {
        let reservation = container.cache?.reserveCodes(byteCount)
        self.reservation = reservation
        // What is mapped as a whole was granted its share of the budget with the file.
        if reservation != nil || container.isMapped {
            let memory = try storing { () throws(StorageError) in
                try MemoryRegion(
                    byteCount: byteCount,
                    hugePages: byteCount >= 8 * MemoryRegion.hugePageByteCount)
            }
            unsafe try container.copy(place, 0..<byteCount, to: memory.baseAddress)
            unsafe baseAddress = UnsafeRawPointer(memory.baseAddress)
            ownByteCount = byteCount
            copy = memory
            mapping = nil
            return
        }
        let mapped = try container.map(place)
        guard let base = unsafe mapped.bytes.baseAddress else {
            throw container.error(.truncated, section: place, at: 0, "no bytes")
        }
        unsafe baseAddress = base
        ownByteCount = 0
        copy = nil
        mapping = mapped
    }
}

extension SegmentContainer {
    /// Section `index` in mapped memory, with the zeros behind it, all of it verified.
    func map(_ index: Int) throws(SegmentError) -> MappedBytes {
        let entry = sections[index].entry
        let checksums = try checksums(ofSection: index)
        let mapped = try storing { () throws(StorageError) in
            try file.map(entry.offset..<entry.offset + entry.paddedByteCount)
        }
        for block in 0..<entry.blockCount {
            let bytes = unsafe UnsafeRawBufferPointer(
                rebasing: mapped.bytes[entry.blockRange(block)])
            unsafe try verify(index, block, bytes, expecting: checksums[block], isKept: false)
        }
        mapped.advise(.notNow)
        return mapped
    }
}
