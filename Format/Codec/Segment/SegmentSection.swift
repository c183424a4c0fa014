// The names of a segment's sections. Specification: Format/Specification/segment.md.

/// The sections that format version 1 of a segment knows.
public enum SegmentSection: String, Sendable, CaseIterable {
    /// What the segment is: schema, rows, sequences, parameters.
    case schema
    /// Pages of records: vector, degree, neighbours.
    case nodes
    /// Ordinal to id.
    case identifiers = "ids"
    /// Ordinals in the order of their ids.
    case sortedIdentifiers = "ids.sorted"
    /// A filter that tells most absent ids without a search.
    case identifierFilter = "ids.filter"
    /// What the codes of the rows were made with.
    case codebook
    /// One short code a row, by ordinal.
    case codes
    /// Where lists of near rows begin, and their centres.
    case lists
    /// What the blocks of the walk were made with.
    case walkHeader = "walk.header"
    /// Fused blocks: 8-bit vector, neighbours and the neighbours' codes.
    case walk
    /// Ordinals where a walk begins.
    case entry
    /// Degree histogram, errors of the codes, parameters of the build.
    case statistics
    /// Stored queries with known answers.
    case canary

    /// Whether a reader must understand the section to answer rightly.
    public var isRequired: Bool {
        switch self {
        case .schema, .nodes, .identifiers, .sortedIdentifiers, .entry: true
        case .identifierFilter, .codebook, .codes, .lists, .walkHeader, .walk, .statistics, .canary:
            false
        }
    }
}
