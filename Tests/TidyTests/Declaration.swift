// Declarations, found line by line, with the type they stand in.

/// A type or an extension whose braces enclose something.
struct Owner: Hashable {
    var kind: String
    var name: String
    var conformances: [String]
}

/// A declaration that starts on a line of its own.
struct Declaration {
    /// Counted from one.
    var line: Int
    var name: String
    var isPublic: Bool
    /// The innermost type around it.
    var owner: Owner?

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "extension", "func", "var", "let", "init",
        "deinit", "subscript", "typealias", "associatedtype", "macro",
    ]
    private static let typeKinds: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "extension",
    ]
    private static let modifiers: Set<Substring> = [
        "public", "package", "internal", "private", "fileprivate", "open", "static", "final",
        "mutating", "nonmutating", "override", "required", "convenience", "lazy", "weak",
        "unowned", "nonisolated", "indirect", "borrowing", "consuming", "prefix", "postfix",
        "infix", "class", "unsafe", "dynamic", "optional", "isolated",
    ]

    /// Every declaration of a file, in order.
    static func all(in file: SourceFile) -> [Declaration] {
        var found: [Declaration] = []
        var depth = 0
        var enclosing: [(owner: Owner, depth: Int)] = []
        /// A type whose opening brace is still to come.
        var pending: Owner?
        for (number, line) in file.code.enumerated() {
            let head = parse(line)
            if let head {
                found.append(
                    Declaration(
                        line: number + 1, name: head.name, isPublic: head.isPublic,
                        owner: enclosing.last?.owner))
                if typeKinds.contains(head.kind[...]) { pending = owner(head, line) }
            }
            for byte in line.utf8 {
                if byte == UInt8(ascii: "{") {
                    depth += 1
                    if let owner = pending { enclosing.append((owner, depth)) }
                    pending = nil
                } else if byte == UInt8(ascii: "}") {
                    if enclosing.last?.depth == depth { enclosing.removeLast() }
                    depth -= 1
                }
            }
        }
        return found
    }

    private struct Head {
        var kind: String
        var name: String
        var isPublic: Bool
    }

    /// What a line declares, if its first word that is no attribute or modifier declares something.
    private static func parse(_ line: String) -> Head? {
        var isPublic = false
        let words = line.split { $0 == " " || $0 == "(" || $0 == ")" || $0 == ":" }
        for (at, word) in words.enumerated() {
            let next = at + 1 < words.count ? words[at + 1] : ""
            let bare = word.prefix { $0.isLetter }
            if word == "public" || word == "open" { isPublic = true }
            let isClassModifier = word == "class" && kinds.contains(next)
            if kinds.contains(bare), !isClassModifier, bare.count == word.count || bare == "init" {
                let isUnnamed = bare == "init" || bare == "deinit" || bare == "subscript"
                let name = isUnnamed ? bare : nameStart(next)
                return Head(kind: String(bare), name: String(name), isPublic: isPublic)
            }
            let isPart = modifiers.contains(word) || word.hasPrefix("@") || word == "set"
            guard isPart || (at > 0 && isAttributeArgument(words[at - 1])) else { return nil }
        }
        return nil
    }

    private static func isAttributeArgument(_ before: Substring) -> Bool { before.hasPrefix("@") }

    /// A name without the generics or braces behind it.
    private static func nameStart(_ word: Substring) -> Substring {
        let name = word.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "`" || $0 == "." }
        return name.isEmpty ? word : name
    }

    private static func owner(_ head: Head, _ line: String) -> Owner {
        let inheritance = line.split(separator: ":", maxSplits: 1).dropFirst().first ?? ""
        let names = inheritance.split { $0 == "," || $0 == " " || $0 == "{" || $0 == "&" }
        return Owner(kind: head.kind, name: head.name, conformances: names.map(String.init))
    }
}
