// Builds the payload of one batch row by row, without an allocation for each.

/// The payload of a batch in the making.
///
/// A call that throws leaves the batch as it was. Not for use by two threads at once.
public struct BatchEncoder: Sendable {
    /// Bytes of every vector.
    public let vectorByteCount: Int
    /// Operations so far.
    public private(set) var operationCount = 0
    /// Upserts so far.
    public private(set) var upsertCount = 0
    /// Attribute names so far, in order of appearance.
    public private(set) var names = AttributeNames()

    private var writer: ByteWriter
    private var idOfName: [String: AttributeID] = [:]
    private var nameByteCount = 0
    /// What stood at each position of the last row: rows of a batch mostly have the same
    /// attributes.
    private var guesses: [AttributeID] = []
    private var scratch: [Slot] = []

    /// A position in the caller's list, and where its name belongs.
    private struct Slot {
        var rank: UInt16
        var id: AttributeID
        var position: Int
    }

    /// An empty batch of vectors of `vectorByteCount` bytes, with room for `capacity` bytes.
    public init(vectorByteCount: Int, capacity: Int = 0) {
        self.vectorByteCount = vectorByteCount
        writer = ByteWriter(capacity: max(capacity, BatchRecord.prefixByteCount))
        writeEmptyPrefix()
    }

    /// Bytes the payload takes so far, names included.
    public var byteCount: Int { writer.count + nameByteCount }

    /// Whether nothing has been appended.
    public var isEmpty: Bool { operationCount == 0 }

    /// Appends a row: the stored bytes of its vector, and its attributes in any order.
    ///
    /// - Throws: ``BatchEncodingError``; nothing has been appended then.
    /// - Complexity: the bytes copied, and for rows like the one before a comparison for each name.
    public mutating func appendUpsert(
        _ id: RecordID, vector: UnsafeRawBufferPointer,
        attributes: [(name: String, value: AttributeValue)] = []
    ) throws(BatchEncodingError) {
        guard id.isValid else { throw .invalidID(id) }
        guard vector.count == vectorByteCount else {
            throw .wrongVectorByteCount(id, expected: vectorByteCount, found: vector.count)
        }
        let nameCount = names.definitions.count
        let recordByteCount: Int
        do throws(BatchEncodingError) {
            recordByteCount = try resolve(id, attributes)
            let total = byteCount + 1 + id.encodedByteCount + vectorByteCount + 4 + recordByteCount
            guard total <= BatchRecord.maximumByteCount else {
                throw .batchTooLarge(byteCount: total)
            }
        } catch {
            forgetNames(from: nameCount)
            throw error
        }
        writer.append(BatchRecord.OperationKind.upsert.rawValue)
        writer.append(id)
        unsafe writer.append(buffer: vector)
        writer.append(UInt32(recordByteCount))
        writer.appendBlock(recordByteCount) { block in
            block.putVarint(UInt64(scratch.count))
            for slot in scratch { block.putAttribute(slot.id, attributes[slot.position].value) }
        }
        operationCount += 1
        upsertCount += 1
    }

    /// Appends the deletion of a row.
    ///
    /// - Throws: ``BatchEncodingError``; nothing has been appended then.
    public mutating func appendDelete(_ id: RecordID) throws(BatchEncodingError) {
        guard id.isValid else { throw .invalidID(id) }
        let total = byteCount + 1 + id.encodedByteCount
        guard total <= BatchRecord.maximumByteCount else {
            throw .batchTooLarge(byteCount: total)
        }
        writer.append(BatchRecord.OperationKind.delete.rawValue)
        writer.append(id)
        operationCount += 1
    }

    /// The finished payload, but for its sequence number and its time; the encoder is empty again
    /// afterwards.
    public mutating func finish() -> EncodedBatch {
        writer.patch(UInt32(operationCount), at: BatchRecord.operationCountOffset)
        writer.patch(
            UInt32(writer.count - BatchRecord.prefixByteCount),
            at: BatchRecord.operationByteCountOffset)
        // The u16 of the names' number and the u16 of the features, zero, are one u32 here.
        writer.patch(
            UInt32(names.definitions.count), at: BatchRecord.vectorByteCountOffset + 4)
        for definition in names.definitions {
            writer.append(definition.type.rawValue)
            writer.appendText(definition.name)
        }
        let batch = EncodedBatch(
            bytes: writer.bytes, operationCount: operationCount, upsertCount: upsertCount,
            names: names)
        self = BatchEncoder(vectorByteCount: vectorByteCount)
        return batch
    }

    private mutating func writeEmptyPrefix() {
        writer.append(UInt64(0))
        writer.append(UInt64(0))
        writer.append(UInt64(0))
        writer.append(UInt32(vectorByteCount))
        writer.append(UInt32(0))
    }

    /// Fills `scratch` with the attributes in the order of their names; gives the bytes of their
    /// record.
    private mutating func resolve(
        _ id: RecordID, _ attributes: [(name: String, value: AttributeValue)]
    ) throws(BatchEncodingError) -> Int {
        scratch.removeAll(keepingCapacity: true)
        var recordByteCount = varintByteCount(UInt64(attributes.count))
        for position in attributes.indices {
            let (name, value) = attributes[position]
            let attribute = try identifier(of: name, value.type, at: position, row: id)
            let expected = names.definitions[Int(attribute.rawValue)].type
            guard value.type == expected else {
                throw .typeMismatch(id, name: name, expected: expected, found: value.type)
            }
            try Self.check(value, name, row: id)
            recordByteCount += AttributeRecord.entryByteCount(value)
            scratch.append(Slot(rank: 0, id: attribute, position: position))
        }
        guard recordByteCount <= AttributeRecord.maximumByteCount else {
            throw .rowTooLarge(id, byteCount: recordByteCount)
        }
        try orderScratch(id)
        return recordByteCount
    }

    /// Sorts `scratch` by name: by insertion, since rows mostly come in order or nearly so.
    private mutating func orderScratch(_ row: RecordID) throws(BatchEncodingError) {
        for index in scratch.indices {
            scratch[index].rank = UInt16(names.rank(of: scratch[index].id))
        }
        if scratch.count > 64 {
            scratch.sort { $0.rank < $1.rank }
        } else {
            for index in scratch.indices.dropFirst() {
                let slot = scratch[index]
                var place = index
                while place > 0, scratch[place - 1].rank > slot.rank {
                    scratch[place] = scratch[place - 1]
                    place -= 1
                }
                scratch[place] = slot
            }
        }
        for index in scratch.indices.dropFirst()
        where scratch[index].rank == scratch[index - 1].rank {
            let name = names.definitions[Int(scratch[index].id.rawValue)].name
            throw .duplicateName(row, name: name)
        }
    }

    private mutating func identifier(
        of name: String, _ type: AttributeType, at position: Int, row: RecordID
    ) throws(BatchEncodingError) -> AttributeID {
        if position < guesses.count {
            let guess = guesses[position]
            if names.definitions[Int(guess.rawValue)].name == name { return guess }
        }
        let found: AttributeID
        if let known = idOfName[name] {
            found = known
        } else {
            found = try addName(name, type, row: row)
        }
        if position < guesses.count {
            guesses[position] = found
        } else if position == guesses.count {
            guesses.append(found)
        }
        return found
    }

    private mutating func addName(
        _ name: String, _ type: AttributeType, row: RecordID
    ) throws(BatchEncodingError) -> AttributeID {
        guard (1...AttributeRecord.maximumNameByteCount).contains(name.utf8.count) else {
            throw .invalidName(row, name: name)
        }
        guard names.definitions.count < AttributeRecord.maximumNameCount else {
            throw .tooManyNames(row)
        }
        let id = names.append(AttributeDefinition(name: name, type: type))
        idOfName[name] = id
        nameByteCount += 1 + textByteCount(name.utf8.count)
        return id
    }

    private mutating func forgetNames(from count: Int) {
        for definition in names.definitions.dropFirst(count) {
            idOfName[definition.name] = nil
            nameByteCount -= 1 + textByteCount(definition.name.utf8.count)
        }
        names.truncate(to: count)
        guesses.removeAll()
    }

    private static func check(
        _ value: AttributeValue, _ name: String, row: RecordID
    ) throws(BatchEncodingError) {
        switch value {
        case .string(let text): try check(text, name, row: row)
        case .strings(let texts): for text in texts { try check(text, name, row: row) }
        case .double(let number):
            if number.isNaN { throw .notANumber(row, name: name) }
        case .int, .bool, .date: break
        }
    }

    private static func check(
        _ text: String, _ name: String, row: RecordID
    ) throws(BatchEncodingError) {
        let byteCount = text.utf8.count
        guard byteCount <= AttributeRecord.maximumTextByteCount else {
            throw .textTooLong(row, name: name, byteCount: byteCount)
        }
    }
}
