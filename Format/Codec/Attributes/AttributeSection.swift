// The names of the sections that hold a segment's attributes. Specification:
// Format/Specification/attributes.md.

/// The sections of a segment that hold the attributes of its rows; a segment has all or none.
public enum AttributeSection: String, Sendable, CaseIterable {
    /// The rows' records in compressed blocks.
    case rows = "attributes.rows"
    /// Where the block of a row stands.
    case rowIndex = "attributes.index"
    /// The values of each attribute side by side.
    case columns = "attributes.columns"
    /// The rows that have a text, for each text of an attribute with few different ones.
    case postings = "attributes.postings"

    /// Whether a reader must understand the section to answer rightly.
    public var isRequired: Bool {
        switch self {
        case .rows, .rowIndex: true
        case .columns, .postings: false
        }
    }
}
