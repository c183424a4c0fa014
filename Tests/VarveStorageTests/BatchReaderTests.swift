// Batches through the ring and without it give the same bytes.

import Testing
import VarveStorage

@Suite struct BatchReaderTests {
    static let content = patternBytes(300_000, seed: 9)
    let scratch: ScratchDirectory
    let path: FilePath

    init() throws {
        scratch = try ScratchDirectory()
        path = scratch.file("a")
        try scratch.disk.writeFileDurably(path, Self.content)
    }

    /// What came of reads at `offsets`, by tag: the bytes, or nil for an error.
    private func readAll(
        _ reader: inout BatchReader, _ file: any StoredFile, _ offsets: [UInt64], count: Int
    ) -> [[UInt8]?] {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: count * offsets.count, alignment: 4_096)
        defer { unsafe memory.deallocate() }
        var requests: [ReadRequest] = []
        for (index, offset) in offsets.enumerated() {
            let start = index * count
            let part = unsafe UnsafeMutableRawBufferPointer(
                rebasing: memory[start..<start + count])
            unsafe requests.append(ReadRequest(offset: offset, buffer: part, tag: UInt64(index)))
        }
        var results = [[UInt8]?](repeating: nil, count: offsets.count)
        var next = 0
        var completions: [ReadCompletion] = []
        while next < requests.count || reader.pendingCount > 0 {
            let room = min(reader.depth - reader.pendingCount, requests.count - next)
            if room > 0 {
                let batch = Array(requests[next..<next + room])
                reader.submit(batch.span, of: file)
                next += room
            }
            reader.reap(atLeast: 1, into: &completions)
        }
        #expect(completions.count == offsets.count)
        #expect(Set(completions.map(\.tag)).count == offsets.count)
        for completion in completions where completion.error == nil {
            let start = Int(completion.tag) * count
            results[Int(completion.tag)] = unsafe Array(
                memory[start..<start + completion.byteCount])
        }
        return results
    }

    /// A read of page `index` of a file into the same page of `memory`.
    private func page(_ index: Int, of memory: UnsafeMutableRawBufferPointer) -> ReadRequest {
        let start = index * 4_096
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + 4_096])
        return unsafe ReadRequest(offset: UInt64(start), buffer: part, tag: UInt64(index))
    }

    private func checkPending(_ reader: borrowing BatchReader, _ expected: Int) {
        let count = reader.pendingCount
        #expect(count == expected)
    }

    @Test(arguments: [1, 3, 32], [OpenMode.read, .readDirect])
    func `the ring and plain reads give the bytes of the file`(depth: Int, mode: OpenMode) throws {
        let file = try scratch.disk.open(path, mode)
        // Backwards, twice the same, the last block, and past the end.
        let offsets = (0..<75).reversed().map { UInt64($0) * 4_096 } + [0, 4_096, 1 << 20]
        let expected = offsets.map { offset in
            Array(Self.content.dropFirst(Int(offset)).prefix(4_096))
        }
        var ring = BatchReader(depth: depth, mostlyReading: file)
        var unregistered = BatchReader(depth: depth)
        var plain = BatchReader(depth: depth, way: .plain)
        let usesRing = plain.usesRing
        #expect(!usesRing)
        #expect(readAll(&ring, file, offsets, count: 4_096) == expected)
        #expect(readAll(&unregistered, file, offsets, count: 4_096) == expected)
        #expect(readAll(&plain, file, offsets, count: 4_096) == expected)
    }

    @Test func `reads need no alignment through the page cache`() throws {
        let file = try scratch.disk.open(path, .read)
        let offsets: [UInt64] = [1, 4_095, 299_000, 12_345]
        let expected = offsets.map { Array(Self.content.dropFirst(Int($0)).prefix(3_001)) }
        var ring = BatchReader(depth: 8)
        #expect(readAll(&ring, file, offsets, count: 3_001) == expected)
    }

    @Test(arguments: [BatchReader.Way.best, .plain])
    func `a failing read says so, and the others are whole`(way: BatchReader.Way) throws {
        let file = try scratch.disk.open(path, .read)
        let closed = try scratch.disk.open(path, .read)
        try closed.close()
        var reader = BatchReader(depth: 8, way: way)
        #expect(readAll(&reader, closed, [0, 4_096], count: 10) == [nil, nil])
        #expect(readAll(&reader, file, [0], count: 10) == [Array(Self.content[..<10])])
        checkPending(reader, 0)
    }

    @Test func `completions are handed out once and never waited for in vain`() throws {
        let file = try scratch.disk.open(path, .read)
        var reader = BatchReader(depth: 4)
        var completions: [ReadCompletion] = []
        reader.reap(atLeast: 3, into: &completions)
        #expect(completions.isEmpty)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8_192, alignment: 4_096)
        defer { unsafe memory.deallocate() }
        let requests = unsafe [page(0, of: memory), page(1, of: memory)]
        reader.submit(requests.span, of: file)
        checkPending(reader, 2)
        reader.reap(atLeast: 99, into: &completions)
        #expect(completions.map(\.tag).sorted() == [0, 1])
        #expect(completions.allSatisfy { $0.byteCount == 4_096 && $0.error == nil })
        checkPending(reader, 0)
    }

    @Test func `a reader that goes waits for its reads`() throws {
        for _ in 0..<50 {
            let file = try scratch.disk.open(path, .readDirect)
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: 65_536, alignment: 4_096)
            do {
                var reader = BatchReader(depth: 16)
                let requests = (0..<16).map { unsafe page($0, of: memory) }
                reader.submit(requests.span, of: file)
            }
            // Nothing may be written here any more.
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
            #expect(unsafe memory.allSatisfy { $0 == 0xEE })
            unsafe memory.deallocate()
        }
    }

    @Test func `more reads than the depth stop the program`() async {
        await #expect(processExitsWith: .failure) {
            // A file that is there anyway: a stopped program removes nothing.
            let file = try PosixFileSystem().open(FilePath("/proc/self/exe"), .read)
            var reader = BatchReader(depth: 1)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 1)
            let request = unsafe ReadRequest(offset: 0, buffer: memory, tag: 0)
            reader.submit([request, request].span, of: file)
        }
    }

    @Test func `reading up to the end of a direct file gives what there is`() throws {
        let file = try scratch.disk.open(path, .readDirect)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 4_096)
        defer { unsafe memory.deallocate() }
        let offset = 71 * 4_096
        let count = try unsafe file.readAvailable(into: memory, at: UInt64(offset))
        #expect(count == Self.content.count - offset)
        #expect(unsafe Array(memory[..<count]) == Array(Self.content[offset...]))
        let error = storageError { try unsafe file.readFully(into: memory, at: UInt64(offset)) }
        #expect(error?.kind == .endOfFile)
    }
}
