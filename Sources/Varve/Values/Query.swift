// A search, as a value.

public import VarveFormat
import VarveMemtable
import VarveQuery
import VarveSegment

/// How much work a search may do for its exactness.
public enum Effort: Hashable, Sendable {
    /// Enough to find this share of the true nearest rows, from 0.5 to 0.999. The widths come from
    /// queries that each segment carries and was measured on; they are estimates, not promises.
    case recall(Double)
    /// A beam of this many candidates in every graph, at least `k + offset`.
    case width(Int)
    /// A walk ends where nothing known is nearer than `1 + slack` times the squared distance of the
    /// k-th row found, from 0 to 16: little work for easy queries, much for hard ones.
    case slack(Double)
    /// Every row is compared: exact, and slow.
    case exact
}

/// What a search compares with.
public enum QueryTarget: Hashable, Sendable {
    /// A vector of the store's dimension.
    case vector([Float])
    /// The vector of a stored row; the row itself is not among the hits.
    case row(RecordID)
}

/// A search for the rows nearest to a vector.
public struct Query: Hashable, Sendable {
    /// What is compared with.
    public var target: QueryTarget
    /// The most hits wanted, 1 to 10,000.
    public var k: Int
    /// Hits to leave out at the front, for paging; `k + offset` is at most 10,000.
    public var offset = 0
    /// Only rows at most this far, in the metric's own measure, if set.
    public var maximumDistance: Float?
    /// How much work the search may do.
    public var effort: Effort = .recall(0.95)
    /// Whether hits carry their attributes.
    public var includeAttributes = false
    /// Whether hits carry their vectors.
    public var includeVectors = false

    /// A search for the `k` rows nearest to `vector`.
    public init(vector: [Float], k: Int = 10) {
        self.target = .vector(vector)
        self.k = k
    }

    /// A search for the `k` rows nearest to the row `id`, without itself.
    public init(row id: RecordID, k: Int = 10) {
        self.target = .row(id)
        self.k = k
    }

    /// The most hits one search gives, those left out at the front included.
    public static let maximumHitCount = 10_000
}

/// A row found by a search.
public struct Hit: Hashable, Sendable {
    /// The row's id.
    public var id: RecordID
    /// How far it is, exactly, by the store's metric: squared Euclidean distance, one minus cosine,
    /// or the negated inner product.
    ///
    /// Smaller is nearer.
    public var distance: Float
    /// Its attributes by name, if asked for.
    public var attributes: [String: AttributeValue]?
    /// Its vector as stored, if asked for.
    public var vector: [Float]?
}

/// What a search found, and what it cost.
public struct SearchResult: Sendable {
    /// The rows, nearest first; equal distances in the order of their ids.
    public var hits: [Hit]
    /// What it cost.
    public var statistics: QueryStatistics
}

/// What one search cost; sums over memtables and segments.
public struct QueryStatistics: Hashable, Sendable {
    /// Graph nodes whose neighbours were looked at.
    public var expandedNodeCount = 0
    /// Distances computed from whole vectors, 8-bit or exact.
    public var distanceCount = 0
    /// Distances estimated from neighbour or row codes.
    public var estimateCount = 0
    /// Pages of 4 KiB read from files or the page cache of this store.
    public var pageReadCount = 0
    /// Times the search waited for pages, of which several are read at a time.
    public var roundCount = 0
    /// Memtables and segments searched.
    public var sourceCount = 0
    /// Segments that were left out because they are damaged: only in a store opened for reading
    /// only, where their rows are missing from the hits; elsewhere damage fails the search.
    public var damagedSegmentCount = 0
    /// Nanoseconds from call to answer.
    public var nanoseconds: UInt64 = 0

    /// Nothing spent yet.
    public init() {}
}

extension QueryStatistics {
    init(_ cost: SearchCost) {
        expandedNodeCount = cost.memtables.expandedNodeCount + cost.segments.expandedNodeCount
        distanceCount =
            cost.memtables.byteDistanceCount + cost.memtables.exactDistanceCount
            + cost.segments.exactDistanceCount
        estimateCount = cost.segments.codeDistanceCount
        pageReadCount = cost.segments.pageCount
        roundCount = cost.segments.roundCount
        sourceCount = cost.sourceCount
        damagedSegmentCount = cost.damagedSegmentCount
    }
}

/// A row, as stored.
public struct Row: Hashable, Sendable {
    /// Its id.
    public var id: RecordID
    /// Its vector as stored: of unit length under cosine, rounded to the store's element type.
    public var vector: [Float]
    /// Its attributes by name.
    public var attributes: [String: AttributeValue]

    /// A row of these parts.
    public init(id: RecordID, vector: [Float], attributes: [String: AttributeValue] = [:]) {
        self.id = id
        self.vector = vector
        self.attributes = attributes
    }
}
