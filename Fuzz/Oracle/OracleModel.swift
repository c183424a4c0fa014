// What a store must hold: a dictionary, and the batches that made it.

package import Varve
package import VarveFormat

/// A row as the model knows it: the stored vector to the bit, and the attributes.
package struct ModelRow: Hashable, Sendable {
    package var vector: [Float]
    package var attributes: [String: AttributeValue]

    package init(vector: [Float], attributes: [String: AttributeValue]) {
        self.vector = vector
        self.attributes = attributes
    }

    /// When the row goes by itself, in microseconds since 1970; nil if it does not.
    var expires: Int64? {
        if case .date(let moment)? = attributes[Expiry.attributeName] { moment } else { nil }
    }
}

/// One write of a batch.
package enum ModelOperation: Hashable, Sendable {
    /// `input` is what the user gives, `row` what the store must keep of it.
    case upsert(RecordID, input: [Float], row: ModelRow)
    case delete(RecordID)
}

/// A batch: its writes happen together.
package typealias ModelBatch = [ModelOperation]

extension [ModelOperation] {
    /// The batch as a store keeps it whose rows go after so many seconds; zero for never.
    func expiring(after seconds: UInt64, at now: Int64) -> ModelBatch {
        guard seconds > 0 else { return self }
        let moment = now + Int64(seconds) * 1_000_000
        return map { operation in
            guard case .upsert(let id, let input, var row) = operation else { return operation }
            row.attributes[Expiry.attributeName] = .date(
                microseconds: Swift.min(row.expires ?? .max, moment))
            return .upsert(id, input: input, row: row)
        }
    }
}

/// Rows by id.
package typealias ModelState = [RecordID: ModelRow]

/// All batches that were given to a store, in order, and how far they are known to have come.
///
/// A batch gets the sequence number after that of the batch before; a bulk load gets a number far
/// above, below which the writes beside it find theirs. Where a load was refused, it is not known
/// whether its number was given out.
package struct OracleModel: Hashable, Sendable {
    /// The batches issued so far.
    package private(set) var batches: [ModelBatch] = []
    /// Batches whose write has returned.
    package private(set) var returnedCount = 0
    /// Batches that a power cut must not take.
    package private(set) var syncedCount = 0
    /// The sequence numbers that each batch may have.
    private var numbers: [Set<UInt64>] = []
    /// The numbers that the last write, there or not, may have.
    private var lastNumbers: Set<UInt64> = [0]
    /// How many batches a store has whose last write has the number that a refused load may have
    /// been given.
    private var countsAfterRefusal: [UInt64: Int] = [:]
    /// What a bulk load's number is above the last one.
    private static let loadDistance: UInt64 = 1 << 32

    package init() {}

    /// A batch is about to be written.
    package mutating func issue(_ batch: ModelBatch, isLoad: Bool = false) {
        batches.append(batch)
        let distance = isLoad ? Self.loadDistance : 1
        numbers.append(Set(lastNumbers.map { $0 + distance }))
    }

    /// The last batch issued has returned with this number, durable or not; false if it must not
    /// have that number.
    package mutating func acknowledge(_ number: UInt64, isSynced: Bool) -> Bool {
        guard let known = numbers.last, known.contains(number) else { return false }
        numbers[numbers.count - 1] = [number]
        lastNumbers = [number]
        returnedCount = batches.count
        if isSynced { syncedCount = returnedCount }
        return true
    }

    /// The last batch issued was refused, and will never be there.
    package mutating func withdraw() {
        precondition(batches.count > returnedCount)
        batches.removeLast()
        let refused = numbers.removeLast()
        guard refused.contains(where: { $0 >= Self.loadDistance }) else { return }
        lastNumbers.formUnion(refused)
        for number in refused { countsAfterRefusal[number] = batches.count }
    }

    /// Whether the last batch issued is a bulk load that has not returned and whose number is above
    /// `sequence`: then a store whose version is of that write does not hold it, though its number
    /// may have been given out.
    package func isLoadMissing(in sequence: UInt64) -> Bool {
        guard batches.count > returnedCount, let own = numbers.last?.min() else { return false }
        return own >= Self.loadDistance && own > sequence && isLoad(batches.count - 1)
    }

    private func isLoad(_ index: Int) -> Bool {
        let before = index == 0 ? 0 : numbers[index - 1].max() ?? 0
        return (numbers[index].min() ?? 0) >= before &+ Self.loadDistance
    }

    /// The last batch issued changes nothing, whether it is there or not.
    package mutating func voidLast() { batches[batches.count - 1] = [] }

    /// How many batches a store has whose last write has this number; nil if no store may.
    package func count(_ sequence: UInt64) -> Int? {
        if sequence == 0 { return 0 }
        if let index = numbers.lastIndex(where: { $0.contains(sequence) }) { return index + 1 }
        return countsAfterRefusal[sequence].flatMap { $0 <= batches.count ? $0 : nil }
    }

    /// Everything that has returned is durable.
    package mutating func sync() { syncedCount = returnedCount }

    /// The store has come back with the first `count` batches: the others never were.
    ///
    /// - Parameter mayLoseLoad: Whether a bulk load that has never returned, and is there, may be
    ///   lost yet: it has been read, and is not durable.
    package mutating func settle(at count: Int, mayLoseLoad: Bool = false) {
        let hasReturned = returnedCount >= count
        batches.removeLast(batches.count - count)
        numbers.removeLast(numbers.count - count)
        lastNumbers = numbers.last ?? [0]
        for (number, known) in countsAfterRefusal where known == count {
            lastNumbers.insert(number)
        }
        (returnedCount, syncedCount) = (count, count)
        if mayLoseLoad, !hasReturned, count > 0, isLoad(count - 1) { returnedCount = count - 1 }
    }

    /// The rows after the first `count` batches, without those that have expired by `now`.
    package func state(after count: Int, at now: Int64? = nil) -> ModelState {
        var state: ModelState = [:]
        for batch in batches.prefix(count) {
            for operation in batch {
                switch operation {
                case .upsert(let id, _, let row): state[id] = row
                case .delete(let id): state[id] = nil
                }
            }
        }
        guard let now else { return state }
        return state.filter { ($0.value.expires ?? .max) > now }
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
    /// The error of the store that was in the way, if that is what is wrong.
    package var cause: StoreError?

    package init(_ description: String, cause: StoreError? = nil) {
        self.description = description
        self.cause = cause
    }
}

/// Throws unless `condition` holds.
package func require(
    _ condition: Bool, _ message: @autoclosure () -> String
) throws(OracleFailure) {
    guard condition else { throw OracleFailure(message()) }
}
