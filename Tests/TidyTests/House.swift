// The modules and their floors, read out of Package.swift.

internal import Foundation

/// What Package.swift says about who stands where and on what.
struct House: Sendable {
    /// A target with code in it.
    struct Target: Hashable, Sendable {
        var name: String
        var floor: Int
        var path: String
        var dependencies: [String]
    }

    /// Modules, programs and tests; programs and tests stand on the top floor.
    var targets: [Target] = []
    /// System libraries, which stand on floor 0.
    var systemLibraries: [String] = []

    /// The floor of programs and tests.
    static let topFloor = 7

    /// Reads the text of a Package.swift.
    init(package: String) {
        let text = Array(package.utf8)
        let code = maskedCode(text)
        for call in Self.calls(of: "Module", text: text, code: code) {
            guard let floor = call.number("floor"), let name = call.text("name") else { continue }
            let path = call.text("path") ?? "Sources/\(name)"
            add(name, floor, path, call.list("dependencies"))
        }
        for call in Self.calls(of: "program", text: text, code: code) where call.texts.count >= 2 {
            add(call.texts[0], Self.topFloor, call.texts[1], Array(call.texts.dropFirst(2)))
        }
        for call in Self.calls(of: "tests", text: text, code: code) {
            guard let module = call.text("of") else { continue }
            add("\(module)Tests", Self.topFloor, "Tests/\(module)Tests", call.texts)
        }
        for kind in [".testTarget", ".executableTarget"] {
            for call in Self.calls(of: kind, text: text, code: code) {
                guard let name = call.text("name"), !name.contains("\\") else { continue }
                let folder = kind == ".testTarget" ? "Tests" : "Sources"
                let path = call.text("path") ?? "\(folder)/\(name)"
                add(name, Self.topFloor, path, call.list("dependencies"))
            }
        }
        systemLibraries = Self.calls(of: ".systemLibrary", text: text, code: code)
            .compactMap { $0.text("name") }
    }

    private mutating func add(
        _ name: String, _ floor: Int, _ path: String, _ dependencies: [String]
    ) {
        targets.append(Target(name: name, floor: floor, path: path, dependencies: dependencies))
    }

    /// The target that the file at `path` belongs to.
    func target(ofFile path: String) -> Target? {
        targets.first { path.hasPrefix($0.path + "/") }
    }

    /// The floor of a module or a system library.
    func floor(of name: String) -> Int? {
        if systemLibraries.contains(name) { return 0 }
        return targets.first { $0.name == name }?.floor
    }

    /// The calls of `name` in a source: the text between their parentheses.
    private static func calls(of name: String, text: [UInt8], code: [UInt8]) -> [Arguments] {
        var found: [Arguments] = []
        let opening = Array("\(name)(".utf8)
        var at = 0
        while at + opening.count <= code.count {
            guard code[at..<at + opening.count].elementsEqual(opening),
                at == 0 || !isPartOfName(code[at - 1])
            else {
                at += 1
                continue
            }
            var depth = 1
            var end = at + opening.count
            while end < code.count, depth > 0 {
                if code[end] == UInt8(ascii: "(") { depth += 1 }
                if code[end] == UInt8(ascii: ")") { depth -= 1 }
                end += 1
            }
            let inside = text[at + opening.count..<max(at + opening.count, end - 1)]
            found.append(Arguments(source: String(decoding: inside, as: UTF8.self)))
            at += opening.count
        }
        return found
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        let scalar = Unicode.Scalar(byte)
        return scalar.properties.isAlphabetic || byte == UInt8(ascii: "_")
    }
}

/// The arguments of a call, as written.
private struct Arguments {
    let source: String

    /// Every string literal, in order.
    var texts: [String] {
        source.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The string behind `label:`.
    func text(_ label: String) -> String? {
        guard let rest = behind(label), rest.first == "\"" else { return nil }
        return String(rest.dropFirst().prefix { $0 != "\"" })
    }

    /// The whole number behind `label:`.
    func number(_ label: String) -> Int? {
        behind(label).flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// The strings of the array behind `label:`.
    func list(_ label: String) -> [String] {
        guard let rest = behind(label), rest.first == "[" else { return [] }
        return Arguments(source: String(rest.prefix { $0 != "]" })).texts
    }

    private func behind(_ label: String) -> Substring? {
        guard let range = source.range(of: label + ":") else { return nil }
        return source[range.upperBound...].drop { $0.isWhitespace }
    }
}
