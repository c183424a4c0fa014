// What can go wrong with a segment.

public import VarveFormat
public import VarveStorage

/// A segment that could not be written, opened or read.
public enum SegmentError: Error, Hashable, Sendable {
    /// The bytes are not what the specification says; names file, section and offset.
    case damaged(FormatError)
    /// The operating system refused a call.
    case storage(StorageError)
    /// The rows given to a builder cannot be a segment; one sentence says why.
    case invalidRows(String)
    /// The work was given up on demand.
    case givenUp
}

extension SegmentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damaged(let error): error.description
        case .storage(let error): error.description
        case .invalidRows(let reason): "rows cannot be a segment: \(reason)"
        case .givenUp: "given up"
        }
    }
}

/// Runs `body` and gives its storage errors out as segment errors.
func storing<T: ~Copyable>(
    _ body: () throws(StorageError) -> T
) throws(SegmentError) -> T {
    do { return try body() } catch { throw .storage(error) }
}

/// Runs `body` and gives its format errors out as segment errors about `file`.
func decoding<T>(
    in file: String, _ body: () throws(FormatError) -> T
) throws(SegmentError) -> T {
    do { return try body() } catch { throw .damaged(error.inFile(file)) }
}

extension WorkPulse {
    /// Rests as long as whoever answers wants it.
    ///
    /// - Throws: ``SegmentError/givenUp``.
    func beat(_ byteCount: Int = 0) throws(SegmentError) {
        guard goesOn(after: byteCount) else { throw .givenUp }
    }
}
