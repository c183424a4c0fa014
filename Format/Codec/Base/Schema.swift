// What a store fixes at its creation.

/// How near two vectors are.
public enum Metric: UInt8, Sendable, CaseIterable {
    /// Squared Euclidean distance; smaller is nearer.
    case euclidean = 0
    /// One minus the cosine of the angle; vectors are normalised once, when written.
    case cosine = 1
    /// The negated inner product; smaller is nearer.
    case innerProduct = 2
}

/// How a component of a vector is stored.
public enum ElementType: UInt8, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case float32 = 0
    /// IEEE 754 binary16.
    case float16 = 1
    /// Whole numbers from 0 to 255.
    case uint8 = 2
    /// Whole numbers from -128 to 127.
    case int8 = 3

    /// Bytes one component takes.
    public var byteCount: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        case .uint8, .int8: 1
        }
    }
}

/// The shape of every vector of a store; fixed at creation.
public struct Schema: Hashable, Sendable {
    /// Components of a vector, 1 to 65,536.
    public var dimension: Int
    /// How near two vectors are.
    public var metric: Metric
    /// How a component is stored.
    public var elementType: ElementType

    /// A schema of these parts.
    public init(dimension: Int, metric: Metric, elementType: ElementType) {
        self.dimension = dimension
        self.metric = metric
        self.elementType = elementType
    }

    /// The dimensions a store may have.
    public static let dimensionRange = 1...65_536

    /// Bytes one stored vector takes.
    public var vectorByteCount: Int { dimension * elementType.byteCount }
}
