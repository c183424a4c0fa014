// What must not stand in the repository, and what must stand beside certain words.

/// Text that has no place in any file.
///
/// Each is put together from pieces, so that this file has none.
private let bannedTexts: [(text: String, why: String)] =
    [
        ("FIX" + "ME", "left over"), ("TO" + "DO", "left over"), ("XX" + "X", "left over"),
    ].map { ($0.0, $0.1) }
    + [
        "/wo" + "rk/", "/fa" + "rm/", "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/",
        "/op" + "t/", "../sha" + "red",
    ].map { ($0, "a path of one machine") }
    + [
        "pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "deb.debian" + ".org",
        "archive.ubuntu" + ".com", "arti" + "factory", "download.swift" + ".org",
    ].map { ($0, "the name of a package host") }
    + [
        "sub" + "agent", "sub-" + "agent", "this " + "session", "previous " + "session",
        "work" + "tree", "issues " + "show", "issues " + "list", "issues " + "file",
    ].map { ($0, "how the work is organised is no part of the project") }

/// No left-overs, no paths of a machine, no package hosts, no issue numbers.
func wordViolations(_ file: SourceFile) -> [Violation] {
    var found: [Violation] = []
    for (number, line) in file.lines.enumerated() {
        for banned in bannedTexts where containsWord(line, banned.text) {
            let message = "\(banned.text): \(banned.why)"
            found.append(Violation(path: file.path, line: number + 1, message: message))
        }
        if hasIssueNumber(line) {
            let message = "an issue number: say what matters about it instead"
            found.append(Violation(path: file.path, line: number + 1, message: message))
        }
    }
    return found
}

/// Whether `text` stands in `line`, not as a part of a longer word.
private func containsWord(_ line: String, _ text: String) -> Bool {
    var start = line.startIndex
    while let range = line[start...].firstRange(of: text) {
        let before = line[..<range.lowerBound].last
        let after = line[range.upperBound...].first
        let startsWord = !(before?.isLetter ?? false) || !(text.first?.isLetter ?? false)
        let endsWord = !(after?.isLetter ?? false) || !(text.last?.isLetter ?? false)
        if startsWord && endsWord { return true }
        start = line.index(after: range.lowerBound)
    }
    return false
}

/// Whether `line` has `#` and digits behind a space or a parenthesis, as issues are cited.
private func hasIssueNumber(_ line: String) -> Bool {
    var before: Character = " "
    for (at, character) in zip(line.indices, line) {
        if character == "#", before == " " || before == "(" {
            let digits = line[line.index(after: at)...].prefix { $0.isNumber }
            let next = digits.endIndex < line.endIndex ? line[digits.endIndex] : " "
            if !digits.isEmpty, !next.isLetter { return true }
        }
        before = character
    }
    return false
}

/// Every Swift file says in its first line what it is for.
func headerViolations(_ file: SourceFile) -> [Violation] {
    guard file.isSwift, let first = file.lines.first, !first.hasPrefix("//") else { return [] }
    return [Violation(path: file.path, line: 1, message: "no sentence on what the file is for")]
}

/// No type or file is called a manager, a helper or a utility.
func nameViolations(_ file: SourceFile) -> [Violation] {
    guard file.isSwift else { return [] }
    let endings = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utilities"]
    var found: [Violation] = []
    let fileName = file.path.split(separator: "/").last?.split(separator: ".").first ?? ""
    if endings.contains(where: { fileName.hasSuffix($0) }) {
        found.append(Violation(path: file.path, line: 1, message: "\(fileName) says nothing"))
    }
    for (number, line) in file.code.enumerated() {
        guard let name = declaredType(line), endings.contains(where: { name.hasSuffix($0) }) else {
            continue
        }
        found.append(Violation(path: file.path, line: number + 1, message: "\(name) says nothing"))
    }
    return found
}

/// The type a line of code declares.
private func declaredType(_ line: String) -> Substring? {
    let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
    let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
    guard let at = words.firstIndex(where: { kinds.contains($0) }), at + 1 < words.count else {
        return nil
    }
    return words[at + 1]
}

/// `@unchecked Sendable` has its invariant written down within a few lines.
func uncheckedViolations(_ file: SourceFile) -> [Violation] {
    guard file.isSwift else { return [] }
    let reach = 8
    return file.code.enumerated().filter { $0.element.contains("@unchecked Sendable") }
        .compactMap { number, _ in
            let around = max(0, number - reach)..<min(file.lines.count, number + reach)
            let isExplained = file.lines[around].contains { line in
                line.contains("//") && (line.contains("nvariant") || line.contains("Sendable:"))
            }
            let message = "@unchecked Sendable without its invariant"
            return isExplained
                ? nil : Violation(path: file.path, line: number + 1, message: message)
        }
}

/// Below the top floor, time and chance come only through `Runtime`.
func determinismViolations(_ file: SourceFile, _ house: House) -> [Violation] {
    guard file.isSwift, let target = house.target(ofFile: file.path),
        target.floor < House.topFloor, target.name != "VarveStorage"
    else { return [] }
    let sources = [
        "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", ".random(in",
        ".shuffled()", ".randomElement()", "Task.sleep", "Task.detached", "Task {",
    ]
    var found: [Violation] = []
    for (number, line) in file.code.enumerated() {
        for source in sources where line.contains(source) {
            let message = "\(source): time, chance and threads come through Runtime"
            found.append(Violation(path: file.path, line: number + 1, message: message))
        }
    }
    return found
}
