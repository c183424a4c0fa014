// Why a row cannot be part of a batch.

/// A row or name that breaks a limit of the format; the batch is as it was before the call.
public enum BatchEncodingError: Error, Hashable, Sendable {
    /// A text id is empty or longer than 1,024 bytes.
    case invalidID(RecordID)
    /// The vector has another size than the schema's.
    case wrongVectorByteCount(RecordID, expected: Int, found: Int)
    /// A name is empty or longer than 255 bytes.
    case invalidName(RecordID, name: String)
    /// A row has the same name twice.
    case duplicateName(RecordID, name: String)
    /// A name has another type than earlier in the batch.
    case typeMismatch(RecordID, name: String, expected: AttributeType, found: AttributeType)
    /// A double is not a number.
    case notANumber(RecordID, name: String)
    /// A text is longer than 1 MiB.
    case textTooLong(RecordID, name: String, byteCount: Int)
    /// The attributes of a row take more than 16 MiB.
    case rowTooLarge(RecordID, byteCount: Int)
    /// The batch has more than 4,096 attribute names.
    case tooManyNames(RecordID)
    /// The batch takes more than 64 MiB.
    case batchTooLarge(byteCount: Int)
}
