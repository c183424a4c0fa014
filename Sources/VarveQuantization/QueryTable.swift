// A query made ready for codes: rotated, and multiplied with every centroid.

internal import CKernels
public import VarveKernels

/// The look-up table of one query at a time, in memory it owns.
///
/// An entry is the product of a query's sub-space with a centroid, as a signed byte under one
/// scale; the distance to any code is then a sum of entries. Make one per thread and prepare it for
/// each query; nothing is allocated after that.
@safe public final class QueryTable {
    /// The rotation that made the codes.
    public let rotation: Rotation
    private let kernels: CodeKernels
    private let rotated: UnsafeMutablePointer<Float>
    private let products: UnsafeMutablePointer<Float>
    private let entries: UnsafeMutablePointer<Int8>
    private var step: Float = 0

    /// A table for queries against codes of `rotation`.
    public convenience init(rotation: Rotation) {
        self.init(rotation: rotation, kernels: .best)
    }

    package init(rotation: Rotation, kernels: CodeKernels) {
        self.rotation = rotation
        self.kernels = kernels
        let entryCount = rotation.shape.subspaceCount * 16
        // Safety: all three live until deinit and have the room their shape asks for.
        unsafe rotated = .allocate(capacity: rotation.shape.rotatedCount)
        unsafe products = .allocate(capacity: entryCount)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: entryCount, alignment: 64)
        unsafe entries = unsafe memory.bindMemory(to: Int8.self, capacity: entryCount)
        unsafe entries.initialize(repeating: 0, count: entryCount)
    }

    deinit {
        unsafe rotated.deallocate()
        unsafe products.deallocate()
        unsafe entries.deallocate()
    }

    /// Becomes the table of a query that has been rotated already.
    public func prepare(_ query: RotatedQuery) {
        precondition(query.isFor(rotation))
        unsafe rotation.rotatedMean.withUnsafeBufferPointer { mean in
            guard let mean = mean.baseAddress else { return }
            for index in 0..<rotation.shape.rotatedCount {
                unsafe rotated[index] = query.components[index] - mean[index]
            }
        }
        makeTable()
    }

    /// Becomes the table of `query`: `shape.dimension` finite components, the lift (zero) last
    /// where there is one.
    public func prepare(_ query: UnsafePointer<Float>) {
        unsafe rotation.apply(query, into: rotated, kernels: kernels)
        makeTable()
    }

    private func makeTable() {
        var shape = rotation.shape.cShape
        step = unsafe kernels.table.pointee.make_table(&shape, rotated, products, entries)
    }

    /// The table as walks and scans read it; valid until the next query is prepared.
    public var view: CodeTable { unsafe CodeTable(entries: entries, step: step) }
}

/// A query rotated once for all segments whose rotations differ by their means alone.
@safe public final class RotatedQuery {
    private var rotation: Rotation?
    private var capacity = 0
    /// The components of the query rotated around zero.
    private(set) var components: UnsafeMutablePointer<Float>

    /// No query yet.
    public init() { unsafe components = .allocate(capacity: 1) }

    deinit { unsafe components.deallocate() }

    /// Whether tables under `rotation` can be made of it.
    public func isFor(_ rotation: Rotation) -> Bool {
        self.rotation?.isParallel(to: rotation) ?? false
    }

    /// Becomes `query`, of as many components as the shape of `rotation` has.
    public func prepare(_ query: UnsafePointer<Float>, _ rotation: Rotation) {
        let count = rotation.shape.rotatedCount
        if count > capacity {
            unsafe components.deallocate()
            unsafe components = .allocate(capacity: count)
            capacity = count
        }
        self.rotation = rotation
        unsafe rotation.applyUncentred(query, into: components)
    }
}
