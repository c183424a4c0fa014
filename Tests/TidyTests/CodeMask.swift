// Swift source with comments and the insides of strings blanked, so that braces and words in them
// do not count.

/// Blanks comments and string contents; every other byte, and every line break, keeps its place.
func maskedCode(_ source: [UInt8]) -> [UInt8] {
    var mask = CodeMask(source: source)
    mask.run()
    return mask.output
}

private struct CodeMask {
    let source: [UInt8]
    var output: [UInt8]
    var index = 0
    /// How many interpolations the cursor is inside of: their code is part of a string.
    var interpolationDepth = 0

    init(source: [UInt8]) {
        self.source = source
        output = source
    }

    mutating func run() {
        while index < source.count { step() }
    }

    /// Passes one comment, one string or one byte of code.
    mutating func step() {
        if starts("//") {
            while index < source.count, source[index] != newline { blank() }
        } else if starts("/*") {
            passBlockComment()
        } else if let hashCount = hashCountOfStringStart() {
            passString(hashCount: hashCount)
        } else if interpolationDepth > 0 {
            blank()
        } else {
            index += 1
        }
    }

    mutating func passBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < source.count
    }

    /// How many `#` stand before the quote of a string that starts here; nil if none starts here.
    func hashCountOfStringStart() -> Int? {
        var end = index
        while end < source.count, source[end] == UInt8(ascii: "#") { end += 1 }
        return end < source.count && source[end] == quote ? end - index : nil
    }

    mutating func passString(hashCount: Int) {
        let hashes = String(repeating: "#", count: hashCount)
        blank(hashCount)
        let isMultiline = starts("\"\"\"")
        let delimiter = isMultiline ? "\"\"\"" : "\""
        blank(delimiter.utf8.count)
        while index < source.count {
            if starts(delimiter + hashes) {
                blank(delimiter.utf8.count + hashCount)
                return
            }
            if starts("\\" + hashes + "(") {
                blank(2 + hashCount)
                passInterpolation()
            } else if starts("\\" + hashes) {
                blank(2 + hashCount)
            } else if source[index] == newline, !isMultiline {
                return
            } else {
                blank()
            }
        }
    }

    /// Passes code up to the parenthesis that closes an interpolation.
    mutating func passInterpolation() {
        interpolationDepth += 1
        defer { interpolationDepth -= 1 }
        var depth = 1
        while index < source.count, depth > 0 {
            if source[index] == UInt8(ascii: "(") { depth += 1 }
            if source[index] == UInt8(ascii: ")") { depth -= 1 }
            step()
        }
    }

    func starts(_ text: String) -> Bool {
        var at = index
        for byte in text.utf8 {
            guard at < source.count, source[at] == byte else { return false }
            at += 1
        }
        return true
    }

    mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where index < source.count {
            if source[index] != newline { output[index] = UInt8(ascii: " ") }
            index += 1
        }
    }
}

private let newline = UInt8(ascii: "\n")
private let quote = UInt8(ascii: "\"")
