// The names that attribute ids stand for, with the order they have in records.

/// A table of attribute names: an id is an index into it.
public struct AttributeNames: Hashable, Sendable {
    /// Name and type by id.
    public private(set) var definitions: [AttributeDefinition] = []
    /// Ids in the order of their names' UTF-8 bytes.
    public private(set) var order: [AttributeID] = []
    /// The place of each id in ``order``.
    private var ranks: [UInt16] = []

    /// No names.
    public init() {}

    /// The table of `definitions`; nil if a name is there twice or there are more than 4,096.
    public init?(_ definitions: [AttributeDefinition]) {
        guard definitions.count <= AttributeRecord.maximumNameCount else { return nil }
        self.definitions = definitions
        order = definitions.indices.map { AttributeID(UInt16($0)) }
        order.sort {
            Self.precedes(definitions[Int($0.rawValue)].name, definitions[Int($1.rawValue)].name)
        }
        for (a, b) in zip(order, order.dropFirst()) {
            let names = (
                definitions[Int(a.rawValue)].name, definitions[Int(b.rawValue)].name
            )
            guard Self.precedes(names.0, names.1) else { return nil }
        }
        rebuildRanks()
    }

    /// The place of `id`'s name among all names of this table.
    public func rank(of id: AttributeID) -> Int { Int(ranks[Int(id.rawValue)]) }

    /// Adds a name that is not there yet and gives its id.
    mutating func append(_ definition: AttributeDefinition) -> AttributeID {
        let id = AttributeID(UInt16(definitions.count))
        var place = 0
        var end = order.count
        while place < end {
            let middle = (place + end) / 2
            if Self.precedes(definition.name, definitions[Int(order[middle].rawValue)].name) {
                end = middle
            } else {
                place = middle + 1
            }
        }
        definitions.append(definition)
        order.insert(id, at: place)
        for index in ranks.indices where ranks[index] >= place { ranks[index] += 1 }
        ranks.append(UInt16(place))
        return id
    }

    /// Forgets the names from `count` on.
    mutating func truncate(to count: Int) {
        guard count < definitions.count else { return }
        definitions.removeSubrange(count...)
        order.removeAll { Int($0.rawValue) >= count }
        rebuildRanks()
    }

    private mutating func rebuildRanks() {
        ranks = [UInt16](repeating: 0, count: order.count)
        for (place, id) in order.enumerated() { ranks[Int(id.rawValue)] = UInt16(place) }
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
