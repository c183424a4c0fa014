// Who may import whom.

/// Modules of the toolchain, by the lowest floor that may import them; everything else needs a
/// declaration.
private let toolchainFloors = [
    "Synchronization": 0, "Foundation": 6, "FoundationEssentials": 6, "Dispatch": 6, "Glibc": 6,
    "Testing": 6,
]

/// The one module below the top floor that talks to the operating system.
private let systemModule = "VarveStorage"

/// An `import` as written.
struct ImportStatement: Hashable {
    var line: Int
    var module: String

    /// Every import of a file.
    static func all(in file: SourceFile) -> [ImportStatement] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol"]
        var found: [ImportStatement] = []
        for (number, line) in file.code.enumerated() where line.contains("import ") {
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"),
                words[..<at].allSatisfy({ isModifier($0) })
            else { continue }
            let names = words[(at + 1)...].drop { kinds.contains($0) }
            guard let name = names.first?.split(separator: ".").first else { continue }
            found.append(ImportStatement(line: number + 1, module: String(name)))
        }
        return found
    }

    private static func isModifier(_ word: Substring) -> Bool {
        ["public", "package", "internal", "fileprivate", "private"].contains(word)
            || word.hasPrefix("@")
    }
}

/// A file imports what its module declares and what its floor may see; nothing else.
func importViolations(_ file: SourceFile, _ house: House) -> [Violation] {
    guard file.isSwift, file.path != "Package.swift" else { return [] }
    guard let target = house.target(ofFile: file.path) else {
        return [Violation(path: file.path, line: 1, message: "belongs to no target")]
    }
    return ImportStatement.all(in: file).compactMap { statement in
        problem(importing: statement.module, into: target, house).map {
            Violation(path: file.path, line: statement.line, message: $0)
        }
    }
}

private func problem(
    importing module: String, into target: House.Target, _ house: House
) -> String? {
    if let lowest = toolchainFloors[module] {
        if target.floor >= lowest || (module == "Glibc" && target.name == systemModule) {
            return nil
        }
        return "\(module) must not be imported on floor \(target.floor)"
    }
    guard let floor = house.floor(of: module) else { return "\(module) is no module of the house" }
    if floor >= target.floor {
        return "\(module) on floor \(floor) must not be imported on floor \(target.floor)"
    }
    if !target.dependencies.contains(module) {
        return "\(module) is not declared as a dependency of \(target.name)"
    }
    return nil
}

/// Package.swift itself: a module stands only on lower floors, and every folder of code is a
/// target.
func houseViolations(_ house: House, swiftPaths: [String]) -> [Violation] {
    var found: [Violation] = []
    for target in house.targets {
        for dependency in target.dependencies where dependency != "CUring" || target.floor > 0 {
            guard let floor = house.floor(of: dependency) else {
                let message = "\(target.name) stands on \(dependency), which is not declared"
                found.append(Violation(path: "Package.swift", line: 1, message: message))
                continue
            }
            if floor >= target.floor {
                let message =
                    "\(target.name) stands on \(dependency), which is not on a lower floor"
                found.append(Violation(path: "Package.swift", line: 1, message: message))
            }
        }
    }
    for target in house.targets
    where !target.name.hasPrefix("C")
        && !swiftPaths.contains(where: { $0.hasPrefix(target.path) })
    {
        let message = "\(target.name) has no sources at \(target.path)"
        found.append(Violation(path: "Package.swift", line: 1, message: message))
    }
    return found
}
