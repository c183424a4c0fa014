// How long work asks now and then whether to go on.

/// Called again and again by work that takes long: whoever answers may rest first, and keeps the
/// work to a rate that way; or has it given up.
public struct WorkPulse: Sendable {
    private let beat: @Sendable (_ byteCount: Int) -> Bool

    /// Goes on without a rest.
    public static let steady = WorkPulse { _ in true }

    /// A pulse that calls `beat` with the bytes read and written since the last time; false has the
    /// work given up.
    public init(_ beat: @escaping @Sendable (_ byteCount: Int) -> Bool) { self.beat = beat }

    /// Whether the work is to go on, after `byteCount` more bytes.
    public func goesOn(after byteCount: Int) -> Bool { beat(byteCount) }
}
