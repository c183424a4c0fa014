// A query's look-up table, as walks and scans read it.

/// A view of the table of one query: 16 entries for each sub-space; it owns nothing.
@safe public struct CodeTable {
    /// The entries, 16 × ``CodeShape/subspaceCount``.
    public let entries: UnsafePointer<Int8>
    /// What one unit of an entry stands for, before the unit of the codes.
    public let step: Float

    /// A view of `entries`, which outlive it.
    public init(entries: UnsafePointer<Int8>, step: Float) {
        // Safety: the caller promises the entries of its shape for as long as the view is used.
        unsafe self.entries = entries
        self.step = step
    }
}
