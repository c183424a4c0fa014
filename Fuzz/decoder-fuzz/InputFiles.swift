// Inputs in files.

import Glibc

/// Reads and writes inputs.
enum InputFiles {
    /// Writes a line to the standard output.
    static func say(_ line: String) { put(Array((line + "\n").utf8), 1) }

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) {
        _ = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
    }

    /// The bytes of a file; none if it cannot be read.
    static func read(_ path: String) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 24)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe fread($0.baseAddress, 1, $0.count, file)
        }
        return Array(bytes.prefix(count))
    }

    /// Writes inputs, one a file.
    static func write(_ inputs: [[UInt8]], of name: String, to directory: String) throws {
        unsafe mkdir(directory, 0o755)
        unsafe mkdir("\(directory)/\(name)", 0o755)
        for (number, input) in inputs.enumerated() {
            let file = unsafe open(
                "\(directory)/\(name)/seed-\(number)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            guard file >= 0 else { continue }
            put(input, file)
            close(file)
        }
    }
}
