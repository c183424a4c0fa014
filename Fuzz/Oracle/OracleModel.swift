// What a store must hold: a dictionary, and the batches that made it.

package import VarveFormat

/// A row as the model knows it: the stored vector to the bit, and the attributes.
package struct ModelRow: Hashable, Sendable {
    package var vector: [Float]
    package var attributes: [String: AttributeValue]
}

/// One write of a batch.
package enum ModelOperation: Sendable {
    /// `input` is what the user gives, `row` what the store must keep of it.
    case upsert(RecordID, input: [Float], row: ModelRow)
    case delete(RecordID)
}

/// A batch: its writes happen together.
package typealias ModelBatch = [ModelOperation]

/// Rows by id.
package typealias ModelState = [RecordID: ModelRow]

/// All batches that were given to a store, in order, and how far they are known to have come.
///
/// Batch number n, counted from one, has the sequence number n.
package struct OracleModel: Sendable {
    /// The batches issued so far.
    package private(set) var batches: [ModelBatch] = []
    /// Batches whose write has returned.
    package private(set) var returnedCount = 0
    /// Batches that a power cut must not take.
    package private(set) var syncedCount = 0

    package init() {}

    /// A batch is about to be written.
    package mutating func issue(_ batch: ModelBatch) { batches.append(batch) }

    /// The last batch issued has returned, durable or not.
    package mutating func acknowledge(isSynced: Bool) {
        returnedCount = batches.count
        if isSynced { syncedCount = returnedCount }
    }

    /// The last batch issued was refused, and will never be there.
    package mutating func withdraw() {
        precondition(batches.count > returnedCount)
        batches.removeLast()
    }

    /// Everything that has returned is durable.
    package mutating func sync() { syncedCount = returnedCount }

    /// The store has come back with the first `count` batches: the others never were.
    package mutating func settle(at count: Int) {
        batches.removeLast(batches.count - count)
        (returnedCount, syncedCount) = (count, count)
    }

    /// The rows after the first `count` batches.
    package func state(after count: Int) -> ModelState {
        var state: ModelState = [:]
        for batch in batches.prefix(count) {
            for operation in batch {
                switch operation {
                case .upsert(let id, _, let row): state[id] = row
                case .delete(let id): state[id] = nil
                }
            }
        }
        return state
    }

    /// The numbers of batches that a power cut may leave.
    package var boundsAfterPowerCut: ClosedRange<Int> { syncedCount...batches.count }
    /// The numbers of batches that the end of the process may leave.
    package var boundsAfterKill: ClosedRange<Int> { returnedCount...batches.count }
}

/// An answer of a store that is wrong.
package struct OracleFailure: Error, CustomStringConvertible, Sendable {
    /// What is wrong, in a sentence.
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Throws unless `condition` holds.
package func require(
    _ condition: Bool, _ message: @autoclosure () -> String
) throws(OracleFailure) {
    guard condition else { throw OracleFailure(message()) }
}
