// A text file, line by line, in bounded memory.

import VarveStorage

/// Reads the lines of a file one after the other.
struct LineReader {
    private let file: any StoredFile
    private var window: [UInt8] = []
    private var position = 0
    private var fileOffset: UInt64 = 0
    private var atEnd = false
    /// Lines given out so far.
    private(set) var lineCount = 0
    /// Bytes of the file given out so far.
    private(set) var byteCount: UInt64 = 0

    /// The longest line, in bytes.
    static let maximumLineByteCount = 64 << 20
    /// Bytes read at once; more from time to time, so that small files cost little.
    private var windowByteCount = 1 << 14
    private static let largestWindowByteCount = 1 << 20

    init(_ file: any StoredFile) { self.file = file }

    /// The next line without its line end; nil at the end of the file.
    mutating func next() throws(StorageError) -> [UInt8]? {
        var scanned = position
        while true {
            if let end = window[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(window[position..<end])
                position = end + 1
                lineCount += 1
                byteCount += UInt64(line.count + 1)
                return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            }
            guard !atEnd else {
                guard position < window.count else { return nil }
                defer { position = window.count }
                lineCount += 1
                byteCount += UInt64(window.count - position)
                return Array(window[position...])
            }
            scanned = window.count - position
            try fill()
        }
    }

    /// Drops what has been given out and reads one window more.
    private mutating func fill() throws(StorageError) {
        window.removeFirst(position)
        position = 0
        guard window.count < Self.maximumLineByteCount else {
            throw StorageError(.inputOutput, call: "read line", path: file.path)
        }
        var buffer = [UInt8](repeating: 0, count: windowByteCount)
        windowByteCount = min(2 * windowByteCount, Self.largestWindowByteCount)
        let source = file
        let offset = fileOffset
        var failure: StorageError?
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            do throws(StorageError) {
                return unsafe try source.read(into: bytes, at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        atEnd = count == 0
        fileOffset += UInt64(count)
        window.append(contentsOf: buffer[..<count])
    }
}
