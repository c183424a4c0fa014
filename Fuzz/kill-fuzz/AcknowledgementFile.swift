// What was acknowledged, written down outside of the store by the process that will be killed.

import Glibc

/// A file of eight-byte entries: thread in the top byte, number of the batch below.
///
/// Entries are appended with one call each, so that the kernel has them whole whenever the process
/// dies.
struct AcknowledgementFile: Sendable {
    private let descriptor: Int32
    private static let announcement: UInt64 = 0xFF << 56

    private static func path(_ directory: String) -> String { directory + "/acknowledged" }

    init(_ directory: String) {
        descriptor = unsafe open(Self.path(directory), O_WRONLY | O_APPEND | O_CREAT, 0o600)
        precondition(descriptor >= 0, "the acknowledgements can be written")
    }

    func acknowledge(_ thread: Int, _ batch: UInt64) { append(UInt64(thread) << 56 | batch) }

    /// Says that the process is at work.
    func announce() { append(Self.announcement) }

    private func append(_ entry: UInt64) {
        var entry = entry
        let count = unsafe write(descriptor, &entry, 8)
        precondition(count == 8, "an acknowledgement is written")
    }

    /// Batches acknowledged by thread.
    static func counts(_ directory: String) -> [UInt64] { read(directory).counts }

    /// How often a process has said that it is at work.
    static func announcementCount(_ directory: String) -> Int { read(directory).announcements }

    private static func read(_ directory: String) -> (counts: [UInt64], announcements: Int) {
        var counts = [UInt64](repeating: 0, count: KillHistory.threadCount)
        var announcements = 0
        let file = unsafe open(path(directory), O_RDONLY)
        guard file >= 0 else { return (counts, 0) }
        defer { close(file) }
        var buffer = [UInt64](repeating: 0, count: 8_192)
        while true {
            let byteCount = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(file, $0.baseAddress, $0.count)
            }
            guard byteCount > 0 else { return (counts, announcements) }
            for entry in buffer[..<(byteCount / 8)] {
                if entry == announcement {
                    announcements += 1
                } else {
                    let thread = Int(entry >> 56)
                    counts[thread] = max(counts[thread], (entry & (1 << 56 - 1)) + 1)
                }
            }
        }
    }
}
