// Who holds a store's lock, found out without taking it.

import Glibc
import VarveFormat
import VarveStorage

/// What the kernel says of a store's lock file.
struct LockProbe {
    /// What was found.
    enum State: Equatable {
        /// There is no lock file.
        case missing
        /// Nobody has the store open for writing.
        case free
        /// A process has it; its number, where the kernel tells.
        case held(process: Int?)
        /// It cannot be told here.
        case unknown
    }

    let state: State
    /// The name of the process that holds it, where it can be read.
    let processName: String?

    /// Looks at the lock file in `directory`; opens it for reading only.
    init(_ directory: FilePath) {
        let path = directory.appending(FileNames.lock).text
        var found = stat()
        guard unsafe stat(path, &found) == 0 else {
            state = .missing
            processName = nil
            return
        }
        // The table of locks names device and inode; asking the kernel with a lock request would
        // need the file open for writing.
        let state = Self.search(inode: UInt64(found.st_ino), device: UInt64(found.st_dev))
        self.state = state
        if case .held(let process?) = state {
            processName = Self.text("/proc/\(process)/comm").map {
                String($0.prefix { $0 != "\n" })
            }
        } else {
            processName = nil
        }
    }

    private static func search(inode: UInt64, device: UInt64) -> State {
        guard let table = text("/proc/locks") else { return .unknown }
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] != "->",
                let place = words.first(where: { $0.split(separator: ":").count == 3 })
            else { continue }
            let parts = place.split(separator: ":")
            guard UInt64(parts[2]) == inode else { continue }
            let process = words[4...].lazy.compactMap { Int($0) }.first
            return .held(process: process.flatMap { $0 > 0 ? $0 : holder(inode) })
        }
        return .free
    }

    /// The process that has the lock file open: locks of open files name none.
    private static func holder(_ inode: UInt64) -> Int? {
        guard let processes = names("/proc") else { return nil }
        for process in processes.compactMap({ Int($0) }).sorted() {
            for descriptor in names("/proc/\(process)/fd") ?? [] {
                var found = stat()
                guard unsafe stat("/proc/\(process)/fd/\(descriptor)", &found) == 0,
                    UInt64(found.st_ino) == inode
                else { continue }
                return process
            }
        }
        return nil
    }

    private static func names(_ path: String) -> [String]? {
        try? PosixFileSystem().list(FilePath(path))
    }

    /// The text of a file of the kernel's, which has no length.
    private static func text(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 1 << 20 {
            let count = unsafe part.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension LockProbe: CustomStringConvertible {
    var description: String {
        switch state {
        case .missing: return "none (no lock file)"
        case .free: return "none"
        case .held(let process):
            let who = process.map { "process \($0)" } ?? "a process"
            return who + (processName.map { " (\($0))" } ?? "")
        case .unknown: return "cannot be told here"
        }
    }
}
