// The disk of this machine does what the seam promises.

import Glibc
import Testing
import VarveStorage

@Suite struct PosixFileTests {
    @Test(arguments: [0, 1, 511, 4_096, 70_000])
    func `what is written is read back, whatever the size`(byteCount: Int) throws {
        let scratch = try ScratchDirectory()
        let bytes = patternBytes(byteCount, seed: 1)
        try scratch.disk.writeFileDurably(scratch.file("a"), bytes)
        #expect(try scratch.disk.readWholeFile(scratch.file("a"), limit: byteCount) == bytes)
        let status = try scratch.disk.status(scratch.file("a"))
        #expect(status == FileStatus(isDirectory: false, byteCount: UInt64(byteCount)))
    }

    @Test func `creating refuses a taken name and leaves its bytes alone`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1, 2, 3])
        let error = storageError { _ = try scratch.disk.open(scratch.file("a"), .create) }
        #expect(error?.kind == .exists)
        #expect(error?.call == "open")
        #expect(error?.path == scratch.file("a"))
        #expect(try scratch.disk.readWholeFile(scratch.file("a"), limit: 3) == [1, 2, 3])
    }

    @Test func `files and directories are their owner's alone`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        try scratch.disk.createDirectory(scratch.file("d"))
        var found = stat()
        #expect(unsafe stat(scratch.file("a").text, &found) == 0)
        #expect(found.st_mode & 0o777 == 0o600)
        #expect(unsafe stat(scratch.file("d").text, &found) == 0)
        #expect(found.st_mode & 0o777 == 0o700)
    }

    @Test(arguments: [OpenMode.read, .readDirect, .readWrite])
    func `opening what is not there says so`(mode: OpenMode) throws {
        let scratch = try ScratchDirectory()
        let error = storageError { _ = try scratch.disk.open(scratch.file("none"), mode) }
        #expect(error?.kind == .notFound)
    }

    @Test(arguments: [OpenMode.read, .readDirect, .readWrite])
    func `a directory is not opened as a file`(mode: OpenMode) throws {
        let scratch = try ScratchDirectory()
        let error = storageError { _ = try scratch.disk.open(scratch.path, mode) }
        #expect(error != nil)
    }

    @Test func `a path with a NUL inside is refused by every call`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        let path = scratch.file("a\u{0}b")
        let disk = scratch.disk
        let calls: [() throws -> Void] = [
            { _ = try disk.open(path, .read) }, { try disk.remove(path) },
            { try disk.rename(path, to: scratch.file("c")) },
            { try disk.rename(scratch.file("a"), to: path) },
            { try disk.link(scratch.file("a"), to: path) }, { try disk.createDirectory(path) },
            { _ = try disk.list(path) }, { _ = try disk.status(path) },
            { try disk.syncDirectory(path) }, { _ = try disk.lock(path) },
        ]
        for call in calls { #expect(storageError(call)?.errorNumber == EINVAL) }
        #expect(try disk.list(scratch.path) == ["a"])
    }

    @Test func `a read past the end says end of file`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1, 2, 3])
        let file = try scratch.disk.open(scratch.file("a"), .read)
        #expect(try file.readBytes(count: 2, at: 1) == [2, 3])
        #expect(storageError { _ = try file.readBytes(count: 3, at: 1) }?.kind == .endOfFile)
        #expect(storageError { _ = try file.readBytes(count: 1, at: 9) }?.kind == .endOfFile)
        let far = storageError { _ = try file.readBytes(count: 1, at: .max) }
        #expect(far?.errorNumber == EINVAL)
    }

    @Test func `a file longer than the limit is not read`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1, 2, 3])
        let error = storageError {
            _ = try scratch.disk.readWholeFile(scratch.file("a"), limit: 2)
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test func `a closed file refuses every call and closes twice without harm`() throws {
        let scratch = try ScratchDirectory()
        let file = try scratch.disk.open(scratch.file("a"), .create)
        try file.close()
        try file.close()
        let calls: [() throws -> Void] = [
            { _ = try file.readBytes(count: 1, at: 0) }, { try file.writeFully([1], at: 0) },
            { try file.sync(.data) }, { try file.sync(.full) }, { try file.truncate(to: 0) },
            { try file.preallocate(0..<10) }, { _ = try file.byteCount() },
            { _ = try file.map(0..<0) },
        ]
        for call in calls { #expect(storageError(call)?.errorNumber == EBADF) }
    }

    @Test func `a file opened for reading refuses writes`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        let file = try scratch.disk.open(scratch.file("a"), .read)
        #expect(storageError { try file.writeFully([2], at: 0) } != nil)
        #expect(try file.readBytes(count: 1, at: 0) == [1])
    }

    @Test func `a full device is told apart`() throws {
        // This device of the kernel takes no byte, and says what a full disk says.
        let file = try PosixFileSystem().open(FilePath("/dev/full"), .readWrite)
        let error = storageError { try file.writeFully([1], at: 0) }
        #expect(error?.kind == .noSpace)
        #expect(error?.call == "pwrite")
    }

    @Test func `truncating and preallocating set the length, with zeros`() throws {
        let scratch = try ScratchDirectory()
        let file = try scratch.disk.open(scratch.file("a"), .create)
        try file.writeFully([1, 2, 3, 4], at: 0)
        try file.truncate(to: 2)
        try file.preallocate(2..<100_000)
        #expect(try file.byteCount() == 100_000)
        let bytes = try file.readBytes(count: 100_000, at: 0)
        #expect(bytes[..<2] == [1, 2])
        #expect(bytes[2...].allSatisfy { $0 == 0 })
        try file.preallocate(5..<5)
        try file.preallocate(0..<10)
        #expect(try file.byteCount() == 100_000)
    }

    @Test func `where room cannot be reserved, zeros are written`() throws {
        let scratch = try ScratchDirectory()
        let file = try PosixFile(opening: scratch.file("a"), .create)
        try file.writeFully([1, 2, 3, 4], at: 0)
        try file.extendWithZeros(to: 150_000)
        #expect(try file.byteCount() == 150_000)
        #expect(try file.readBytes(count: 5, at: 0) == [1, 2, 3, 4, 0])
        try file.extendWithZeros(to: 10)
        #expect(try file.byteCount() == 150_000)
    }

    @Test func `direct reads give the same bytes`() throws {
        let scratch = try ScratchDirectory()
        let bytes = patternBytes(20_000, seed: 3)
        try scratch.disk.writeFileDurably(scratch.file("a"), bytes)
        let file = try scratch.disk.open(scratch.file("a"), .readDirect)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8_192, alignment: 4_096)
        defer { unsafe buffer.deallocate() }
        try unsafe file.readFully(into: buffer, at: 4_096)
        #expect(unsafe Array(buffer) == Array(bytes[4_096..<12_288]))
        // The file ends inside the last block.
        let last = try unsafe file.read(into: buffer, at: 16_384)
        #expect(last == 20_000 - 16_384)
        #expect(unsafe Array(buffer[..<last]) == Array(bytes[16_384...]))
    }

    @Test func `an unaligned direct read stops the program`() async {
        await #expect(processExitsWith: .failure) {
            // A file that is there anyway: a stopped program removes nothing.
            let file = try PosixFileSystem().open(FilePath("/proc/self/exe"), .readDirect)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
            defer { unsafe buffer.deallocate() }
            _ = try? unsafe file.read(into: buffer, at: 0)
        }
    }

    @Test(arguments: [0..<0, 0..<10_000, 1..<2, 4_096..<8_192, 5_000..<9_999, 10_000..<10_000])
    func `a mapped range has the bytes of the file`(range: Range<UInt64>) throws {
        let scratch = try ScratchDirectory()
        let bytes = patternBytes(10_000, seed: 4)
        try scratch.disk.writeFileDurably(scratch.file("a"), bytes)
        let file = try scratch.disk.open(scratch.file("a"), .read)
        let mapped = try file.map(range)
        try file.close()
        for advice in [MappedBytes.Advice.random, .sequential, .willNeed] { mapped.advise(advice) }
        let expected = Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        #expect(unsafe Array(mapped.bytes) == expected)
    }

    @Test(arguments: [0..<11, 11..<12, 10..<UInt64.max])
    func `a range outside of the file is not mapped`(range: Range<UInt64>) throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), patternBytes(10, seed: 5))
        let file = try scratch.disk.open(scratch.file("a"), .read)
        #expect(storageError { _ = try file.map(range) }?.kind == .endOfFile)
    }

    @Test func `descriptors are given back when the last reference goes`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        for _ in 0..<2_000 { _ = try scratch.disk.open(scratch.file("a"), .read) }
        #expect(try scratch.disk.list(FilePath("/proc/self/fd")).count < 1_000)
    }
}
