// Code that people read in README.md is code that is compiled.

/// Every block of Swift in a page stands, line for line, in some Swift file; indentation may
/// differ.
func exampleViolations(_ page: SourceFile, _ files: [SourceFile]) -> [Violation] {
    let sources = files.filter(\.isSwift).map { $0.lines.map(trimmed).filter { !$0.isEmpty } }
    return swiftBlocks(page).compactMap { block in
        let lines = block.lines.map(trimmed).filter { !$0.isEmpty && !isImport($0) }
        let isCompiled = sources.contains { source in
            source.indices.contains { start in source[start...].starts(with: lines) }
        }
        let message = "this example stands in no Swift file, so nobody knows whether it compiles"
        return isCompiled ? nil : Violation(path: page.path, line: block.line, message: message)
    }
}

/// The blocks between three backquotes that say they are Swift.
private func swiftBlocks(_ page: SourceFile) -> [(line: Int, lines: [String])] {
    var blocks: [(line: Int, lines: [String])] = []
    var isOpen = false
    for (number, line) in page.lines.enumerated() {
        if isOpen, line.hasPrefix("```") {
            isOpen = false
        } else if isOpen {
            blocks[blocks.count - 1].lines.append(line)
        } else if line == "```swift" {
            isOpen = true
            blocks.append((number + 1, []))
        }
    }
    return blocks.filter { block in block.lines.contains { !$0.isEmpty && !isImport($0) } }
}

/// Imports stand at the top of a file, apart from the example.
private func isImport(_ line: String) -> Bool { line.hasPrefix("import ") }

private func trimmed(_ line: String) -> String {
    String(line.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
}
