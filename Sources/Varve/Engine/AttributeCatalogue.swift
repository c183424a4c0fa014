// Which names of attributes a store knows, and what type each has.

import VarveFormat

/// The attribute names of a store, in the order in which they were first written.
///
/// A name gets its id when the first batch with it is applied, in log order; replaying the log
/// gives the same ids. Names are never forgotten.
struct AttributeCatalogue: Sendable {
    private(set) var definitions: [AttributeDefinition]
    private var idOfName: [String: AttributeID]
    /// The last batch's names and what they became: batches mostly bring the same ones.
    private var lastNames = AttributeNames()
    private var lastTable: [AttributeID] = []

    /// The catalogue as a manifest has it.
    init(_ definitions: [AttributeDefinition]) {
        self.definitions = definitions
        idOfName = [:]
        for (index, definition) in definitions.enumerated() {
            idOfName[definition.name] = AttributeID(UInt16(index))
        }
    }

    /// Why a batch's names cannot be taken.
    enum Refusal: Error {
        case typeMismatch(name: String, expected: AttributeType, found: AttributeType)
        case tooManyNames
    }

    /// The store's id of each of a batch's names; new names are added, all or none.
    mutating func resolve(_ names: AttributeNames) throws(Refusal) -> [AttributeID] {
        if names == lastNames { return lastTable }
        var table: [AttributeID] = []
        table.reserveCapacity(names.definitions.count)
        var added: [AttributeDefinition] = []
        for definition in names.definitions {
            if Expiry.dateNames.contains(definition.name), definition.type != .date {
                throw .typeMismatch(
                    name: definition.name, expected: .date, found: definition.type)
            }
            if let id = idOfName[definition.name] {
                let known = definitions[Int(id.rawValue)].type
                guard known == definition.type else {
                    throw .typeMismatch(
                        name: definition.name, expected: known, found: definition.type)
                }
                table.append(id)
            } else {
                table.append(AttributeID(UInt16(definitions.count + added.count)))
                added.append(definition)
            }
            guard definitions.count + added.count <= AttributeRecord.maximumNameCount else {
                throw .tooManyNames
            }
        }
        for definition in added {
            idOfName[definition.name] = AttributeID(UInt16(definitions.count))
            definitions.append(definition)
        }
        (lastNames, lastTable) = (names, table)
        return table
    }

    /// The names and values of a stored record, by the names of `definitions`.
    static func attributes(
        of record: [UInt8], _ definitions: [AttributeDefinition]
    ) throws(FormatError) -> [String: AttributeValue] {
        guard !record.isEmpty else { return [:] }
        let entries = unsafe try AttributeRecord(record.span.bytes).decoded()
        var result: [String: AttributeValue] = [:]
        result.reserveCapacity(entries.count)
        for (id, value) in entries {
            guard Int(id.rawValue) < definitions.count else {
                throw FormatError(
                    .invalidValue, section: "attributes", offset: 0,
                    detail: "attribute \(id.rawValue) of \(definitions.count)")
            }
            result[definitions[Int(id.rawValue)].name] = value
        }
        return result
    }
}

/// The attribute names that readers know; replaced as a whole when there are new ones.
final class NameTable: Sendable {
    let definitions: [AttributeDefinition]
    /// The attribute that says when a row expires, and the one that says when it was written.
    let expiryID: AttributeID?, writtenID: AttributeID?

    init(_ definitions: [AttributeDefinition]) {
        self.definitions = definitions
        func id(_ name: String) -> AttributeID? {
            definitions.firstIndex { $0.name == name }.map { AttributeID(UInt16($0)) }
        }
        expiryID = id(Expiry.attributeName)
        writtenID = id(Expiry.writtenName)
    }
}
