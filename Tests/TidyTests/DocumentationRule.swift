// Every public declaration says what it is.

/// What the package's protocols ask for, and which type follows which protocol.
struct ConformanceIndex: Sendable {
    /// Names that a protocol documents, by protocol.
    private var requirements: [String: Set<String>] = [
        "Sequence": ["makeIterator"], "IteratorProtocol": ["next"], "Identifiable": ["id"],
        "Collection": ["startIndex", "endIndex", "index", "subscript", "count"],
        "RandomAccessCollection": ["startIndex", "endIndex", "index", "subscript", "count"],
        "OptionSet": ["rawValue", "init"], "RandomNumberGenerator": ["next"],
    ]
    private var conformances: [String: Set<String>] = [:]

    init(_ files: [SourceFile]) {
        for file in files where file.isSwift {
            for place in Declaration.all(in: file) {
                guard let owner = place.owner else { continue }
                if owner.kind == "protocol" {
                    requirements[owner.name, default: []].insert(place.name)
                } else {
                    conformances[owner.name, default: []].formUnion(owner.conformances)
                }
            }
        }
    }

    /// Whether a protocol of `owner` documents `name` already.
    func documents(_ name: String, of owner: String) -> Bool {
        (conformances[owner] ?? []).contains { requirements[$0]?.contains(name) ?? false }
    }
}

/// A public declaration without a `///` above it.
func documentationViolations(
    _ file: SourceFile, _ index: ConformanceIndex, _ house: House
) -> [Violation] {
    guard file.isSwift, let target = house.target(ofFile: file.path),
        target.floor < House.topFloor
    else { return [] }
    return Declaration.all(in: file).compactMap { place in
        guard place.isPublic, !isWitness(place.name, code: file.code[place.line - 1]),
            !isDocumented(place.line, in: file)
        else { return nil }
        if let owner = place.owner, index.documents(place.name, of: owner.name) { return nil }
        let message = "public \(place.name) has no comment"
        return Violation(path: file.path, line: place.line, message: message)
    }
}

/// Whether the standard library's protocols document the declaration already.
private func isWitness(_ name: String, code: String) -> Bool {
    if let first = name.first, !(first.isLetter || first == "_" || first == "`") { return true }
    if ["hash", "description", "debugDescription", "encode", "deinit"].contains(name) {
        return true
    }
    let literals = ["Literal", "Decoder"]
    return name == "init" && literals.contains { code.contains($0) }
}

/// Whether a `///` stands above a line, with nothing but attributes between.
private func isDocumented(_ line: Int, in file: SourceFile) -> Bool {
    var at = line - 2
    while at >= 0 {
        let text = file.lines[at].drop { $0 == " " }
        if text.hasPrefix("///") { return true }
        guard text.hasPrefix("@") else { return false }
        at -= 1
    }
    return false
}
