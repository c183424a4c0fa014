// The verbs of the group: none yet.

extension Verb {
    static let explainVerbs: [Verb] = []
}
