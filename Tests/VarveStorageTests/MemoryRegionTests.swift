// Memory from the kernel.

import Testing
import VarveStorage

@Suite struct MemoryRegionTests {
    @Test(arguments: [1, 4_096, 5_000, 3 << 20], [false, true])
    func `a region is zero, writable and aligned`(byteCount: Int, hugePages: Bool) throws {
        let region = try MemoryRegion(byteCount: byteCount, hugePages: hugePages)
        #expect(region.byteCount == byteCount)
        let alignment = hugePages ? MemoryRegion.hugePageByteCount : 4_096
        #expect(unsafe UInt(bitPattern: region.baseAddress).isMultiple(of: UInt(alignment)))
        let bytes = unsafe region.bytes
        #expect(unsafe bytes.allSatisfy { $0 == 0 })
        unsafe bytes[0] = 1
        unsafe bytes[byteCount - 1] = 2
        #expect(unsafe bytes[byteCount - 1] == 2)
    }

    @Test func `address space costs no memory`() throws {
        let region = try MemoryRegion(byteCount: 1 << 40)
        unsafe region.bytes[1 << 39] = 1
        #expect(unsafe region.bytes[1 << 39] == 1)
    }

    @Test(arguments: [Int.max, Int.max - 100, 1 << 60])
    func `more than there is gives an error`(byteCount: Int) {
        for hugePages in [false, true] {
            let error = storageError {
                _ = try MemoryRegion(byteCount: byteCount, hugePages: hugePages)
            }
            #expect(error?.kind == .noResources)
        }
    }

    @Test(arguments: [0..<0, 0..<40_960, 100..<200, 4_096..<8_192, 4_000..<20_000, 39_000..<40_960])
    func `a discarded range is zero and the rest untouched`(range: Range<Int>) throws {
        let region = try MemoryRegion(byteCount: 40_960)
        unsafe region.bytes.initializeMemory(as: UInt8.self, repeating: 7)
        region.discard(range)
        for index in 0..<40_960 {
            let expected: UInt8 = range.contains(index) ? 0 : 7
            guard unsafe region.bytes[index] != expected else { continue }
            Issue.record("byte \(index) after discarding \(range)")
            return
        }
    }

    @Test func `memory that is touched counts as resident`() throws {
        // Other tests give memory back meanwhile, sometimes more than this takes.
        let counts = try (0..<20).contains { _ in
            let before = try #require(residentByteCount())
            let region = try MemoryRegion(byteCount: 64 << 20)
            unsafe region.bytes.initializeMemory(as: UInt8.self, repeating: 7)
            let after = try withExtendedLifetime(region) { try #require(residentByteCount()) }
            return after > before + (32 << 20)
        }
        #expect(counts)
    }
}
