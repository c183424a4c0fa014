// A file of the repository, as the rules see it.

internal import Foundation

/// A text file and where it stands.
struct SourceFile: Sendable {
    /// The path from the top of the repository.
    let path: String
    /// The lines, without their line breaks.
    let lines: [String]
    /// For Swift, the same lines with comments and strings blanked; otherwise the lines.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        let isSwift = path.hasSuffix(".swift")
        code =
            isSwift
            ? Self.split(String(decoding: maskedCode(Array(text.utf8)), as: UTF8.self)) : lines
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// What a rule has found.
struct Violation: Hashable, Sendable, CustomStringConvertible {
    let path: String
    /// Counted from one.
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// The top of the repository, found from this file's own place.
let repositoryRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Every text file that people wrote, in the order of their paths.
func readRepository() throws -> [SourceFile] {
    let folders = ["Sources", "Tests", "Format", "Tools", "Fuzz", "Benchmarks", ".ci"]
    var paths = ["Package.swift", "README.md"]
    for folder in folders {
        let top = repositoryRoot.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: top.path) else { continue }
        for case let name as String in walk { paths.append(folder + "/" + name) }
    }
    var files: [SourceFile] = []
    for path in paths.sorted() where isWrittenText(path) {
        let url = repositoryRoot.appendingPathComponent(path)
        let values = try? url.resourceValues(forKeys: [.isRegularFileKey])
        guard values?.isRegularFile == true else { continue }
        files.append(SourceFile(path: path, text: try String(contentsOf: url, encoding: .utf8)))
    }
    return files
}

/// Whether `path` names a source, a script or a page; scripts may have no ending.
private func isWrittenText(_ path: String) -> Bool {
    let endings = ["swift", "c", "h", "modulemap", "md", "sh", "py"]
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard name.contains(".") else { return path.hasPrefix("Tools/") || path.hasPrefix(".ci/") }
    return endings.contains { name.hasSuffix("." + $0) }
}
