// Names, directories and locks on this machine.

import Glibc
import Testing
import VarveStorage

@Suite struct PosixDirectoryTests {
    @Test func `renaming replaces what stood there`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        try scratch.disk.writeFileDurably(scratch.file("b"), [2])
        try scratch.disk.rename(scratch.file("a"), to: scratch.file("b"))
        #expect(try scratch.disk.list(scratch.path) == ["b"])
        #expect(try scratch.disk.readWholeFile(scratch.file("b"), limit: 1) == [1])
        let error = storageError {
            try scratch.disk.rename(scratch.file("a"), to: scratch.file("b"))
        }
        #expect(error?.kind == .notFound)
    }

    @Test func `a link is a second name and never replaces one`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        try scratch.disk.link(scratch.file("a"), to: scratch.file("b"))
        try scratch.disk.remove(scratch.file("a"))
        #expect(try scratch.disk.readWholeFile(scratch.file("b"), limit: 1) == [1])
        try scratch.disk.writeFileDurably(scratch.file("a"), [2])
        let error = storageError { try scratch.disk.link(scratch.file("a"), to: scratch.file("b")) }
        #expect(error?.kind == .exists)
        #expect(storageError { try scratch.disk.remove(scratch.file("c")) }?.kind == .notFound)
    }

    @Test func `directories are made with all those above them`() throws {
        let scratch = try ScratchDirectory()
        let deep = scratch.file("x/y/z")
        try scratch.disk.createDirectories(deep)
        try scratch.disk.createDirectories(deep)
        #expect(try scratch.disk.status(deep)?.isDirectory == true)
        #expect(storageError { try scratch.disk.createDirectory(deep) }?.kind == .exists)
        let full = storageError { try scratch.disk.removeDirectory(scratch.file("x")) }
        #expect(full?.errorNumber == ENOTEMPTY)
        try scratch.disk.removeDirectory(deep)
        #expect(try scratch.disk.status(deep) == nil)
        #expect(storageError { try scratch.disk.removeDirectory(deep) }?.kind == .notFound)
    }

    @Test func `a file in the way of a directory is told`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [1])
        let error = storageError { try scratch.disk.createDirectories(scratch.file("a")) }
        #expect(error?.kind == .exists)
        #expect(try scratch.disk.status(scratch.file("a/b")) == nil)
    }

    @Test func `a directory lists its names, however many and strange`() throws {
        let scratch = try ScratchDirectory()
        let names = (0..<300).map { "file \($0)" } + ["ä", String(repeating: "n", count: 255)]
        for name in names { _ = try scratch.disk.open(scratch.file(name), .create) }
        #expect(try scratch.disk.list(scratch.path).sorted() == names.sorted())
        let error = storageError { _ = try scratch.disk.list(scratch.file("none")) }
        #expect(error?.kind == .notFound)
    }

    @Test func `a directory is synced, a file is not one`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("a"), [])
        try scratch.disk.syncDirectory(scratch.path)
        let error = storageError { try scratch.disk.syncDirectory(scratch.file("a")) }
        #expect(error?.errorNumber == ENOTDIR)
        let missing = storageError { try scratch.disk.syncDirectory(scratch.file("b")) }
        #expect(missing?.kind == .notFound)
    }

    @Test func `free space is told`() throws {
        #expect(try PosixFileSystem().freeByteCount(FilePath("/tmp")) > 0)
        let error = storageError { _ = try PosixFileSystem().freeByteCount(FilePath("/none/x")) }
        #expect(error?.kind == .notFound)
    }

    @Test func `a lock keeps a second opener of this process away`() throws {
        let scratch = try ScratchDirectory()
        let first = try scratch.disk.lock(scratch.file("LOCK"))
        let error = storageError { _ = try scratch.disk.lock(scratch.file("LOCK")) }
        #expect(error?.kind == .locked)
        // Another name of the same file is the same lock.
        try scratch.disk.link(scratch.file("LOCK"), to: scratch.file("other"))
        let other = storageError { _ = try scratch.disk.lock(scratch.file("other")) }
        #expect(other?.kind == .locked)
        first.release()
        first.release()
        let second = try scratch.disk.lock(scratch.file("LOCK"))
        second.release()
    }

    @Test func `a lock ends with its object, and an old lock file is no lock`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("LOCK"), [7])
        for _ in 0..<3 { _ = try scratch.disk.lock(scratch.file("LOCK")) }
        // Opening and closing the file elsewhere, which drops locks of the older kind, changes
        // nothing.
        let held = try scratch.disk.lock(scratch.file("LOCK"))
        #expect(try scratch.disk.readWholeFile(scratch.file("LOCK"), limit: 1) == [7])
        #expect(storageError { _ = try scratch.disk.lock(scratch.file("LOCK")) }?.kind == .locked)
        held.release()
    }

    @Test func `a lock held through another open file keeps this process out`() throws {
        let scratch = try ScratchDirectory()
        try scratch.disk.writeFileDurably(scratch.file("LOCK"), [])
        // A lock of the open file, taken past this process's table as another process would.
        let other = unsafe open(scratch.file("LOCK").text, O_RDWR | O_CLOEXEC)
        defer { close(other) }
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        let openFileLock: Int32 = 37
        #expect(unsafe fcntl(other, openFileLock, &request) == 0)
        let error = storageError { _ = try scratch.disk.lock(scratch.file("LOCK")) }
        #expect(error?.kind == .locked)
        request.l_type = Int16(F_UNLCK)
        #expect(unsafe fcntl(other, openFileLock, &request) == 0)
        try scratch.disk.lock(scratch.file("LOCK")).release()
    }

    @Test func `a path's parent and name are its parts`() {
        #expect(FilePath("/a/b/c").parent == FilePath("/a/b"))
        #expect(FilePath("/a").parent == FilePath("/"))
        #expect(FilePath("/").parent == FilePath("/"))
        #expect(FilePath("a").parent == FilePath("."))
        #expect(FilePath("/a/b/").name == "b")
        #expect(FilePath("a").name == "a")
        #expect(FilePath("/").appending("a").text == "/a")
    }
}
