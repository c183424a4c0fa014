// A support package: reports and headers in one tar file.

import VarveCheck
import VarveFormat
import VarveStorage

extension Verb {
    @Sendable static func bundle(_ call: Invocation) throws -> ExitStatus {
        let path = FilePath(try call.required("out"))
        let image = try call.image()
        var archive = TarArchive(seconds: call.runtime.wallClockMicroseconds() / 1_000_000)
        let flags = call.has("redact") ? ["--redact"] : []
        let lines = [
            ["info"], ["ls"], ["tree"], ["manifest", "history"], ["manifest", "show"],
            ["wal", "stat"], ["wal", "dump"], ["stats"], ["plan-open"], ["verify"], ["gc"],
            ["repair", "plan"],
        ]
        for words in lines {
            for isJSON in [false, true] {
                var text = ""
                var surroundings = Surroundings(
                    fileSystem: call.fileSystem, runtime: call.runtime, write: { text += $0 },
                    writeError: { text += $0 })
                surroundings.isTerminal = false
                _ = Segtool.run(
                    words + [call.store.text] + flags + (isJSON ? ["--json"] : []),
                    in: surroundings)
                let name = words.joined(separator: "-") + (isJSON ? ".json" : ".txt")
                archive.add("segtool/" + name, Array(text.utf8))
            }
        }
        for entry in image.entries where entry.file != nil {
            guard let file = try? call.fileSystem.open(image.path(entry.name), .read),
                let head = try? file.readBytes(
                    count: Int(min(entry.byteCount, UInt64(FileHeader.byteCount))), at: 0)
            else { continue }
            archive.add("headers/" + entry.name, head)
        }
        let bytes = archive.finish()
        try call.fileSystem.writeFileDurably(path, bytes)
        try call.fileSystem.syncDirectory(path.parent)
        call.output.fields([
            ("out", "package", .text(path.text)), ("bytes", "bytes", .bytes(UInt64(bytes.count))),
            ("redacted", "redacted", .flag(call.has("redact"))),
        ])
        return .clean
    }
}

/// Files in the ustar form.
struct TarArchive {
    private var bytes: [UInt8] = []
    private let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    /// Adds a file.
    mutating func add(_ name: String, _ content: [UInt8]) {
        var head = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { head[offset + index] = byte }
        }
        func octal(_ value: Int64, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(String(name.suffix(99)), at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(Int64(content.count), 11), at: 124)
        put(octal(seconds, 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = head.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, 6), at: 148)
        head[154] = 0
        bytes += head + content
        bytes += repeatElement(0, count: (512 - content.count % 512) % 512)
    }

    /// The whole archive.
    mutating func finish() -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: 1_024)
    }
}
