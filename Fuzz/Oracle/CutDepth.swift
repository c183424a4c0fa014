// How far a session goes into what a cut has left, by name, so that a replay can name it.

/// What the exam of an image cuts again.
package enum CutDepth: Hashable, Sendable {
    /// Nothing.
    case none
    /// Now and then some calls, and now and then some calls of what follows those.
    case drawn
    /// Every call of the recovery, and every call of the recoveries from those, so deep.
    case recovery(Int)

    /// What stands before the policy in a replay line.
    package var prefix: String {
        switch self {
        case .none: "point:"
        case .drawn: ""
        case .recovery(let depth): "recovery\(depth):"
        }
    }

    /// How often an exam may cut the power again.
    var limit: Int {
        switch self {
        case .none: 0
        case .drawn: 2
        case .recovery(let depth): depth
        }
    }

    var cutsEveryCall: Bool { if case .recovery = self { true } else { false } }

    /// The depth and the policy's name that a replay line names.
    static func split(_ text: String) -> (depth: CutDepth, name: String) {
        guard let colon = text.firstIndex(of: ":") else { return (.drawn, text) }
        let name = String(text[text.index(after: colon)...])
        let first = text[..<colon]
        if first == "point" { return (.none, name) }
        guard first.hasPrefix("recovery"), let depth = Int(first.dropFirst(8)) else {
            return (.drawn, text)
        }
        return (.recovery(depth), name)
    }
}
