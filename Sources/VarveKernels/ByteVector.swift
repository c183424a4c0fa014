// One vector as 8-bit codes, with memory of its own: a query.

/// A vector as 8-bit codes in memory it owns, aligned and padded for the kernels.
///
/// Make one per thread and encode every query into it; nothing is allocated after that.
@safe public struct ByteVector: ~Copyable {
    /// What the codes mean; set ``ByteRow/lift`` here where the metric needs it.
    public var row = ByteRow()
    /// The codes, zeros behind the dimension.
    public let codes: UnsafeMutablePointer<UInt8>
    private let encoder: ByteEncoder

    /// A vector of `dimension` zeros.
    public init(dimension: Int) {
        encoder = ByteEncoder(dimension: dimension)
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: encoder.paddedCount, alignment: 64)
        // Safety: the allocation has paddedCount bytes and lives until deinit.
        unsafe codes = unsafe memory.bindMemory(to: UInt8.self, capacity: encoder.paddedCount)
        unsafe codes.initialize(repeating: 0, count: encoder.paddedCount)
    }

    deinit { unsafe codes.deallocate() }

    /// Components of the vector.
    public var dimension: Int { encoder.dimension }

    /// Becomes the code of finite floats.
    public mutating func encode(_ vector: UnsafePointer<Float>) {
        row = unsafe encoder.encode(vector, into: codes)
    }

    /// Becomes these whole numbers from 0 to 255.
    public mutating func encode(_ vector: UnsafePointer<UInt8>) {
        row = unsafe encoder.encode(vector, into: codes)
    }

    /// Becomes these whole numbers from −128 to 127.
    public mutating func encode(_ vector: UnsafePointer<Int8>) {
        row = unsafe encoder.encode(vector, into: codes)
    }
}
