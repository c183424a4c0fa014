// The kept rows of all sources of a merge, side by side.

internal import Synchronization
internal import VarveFormat
internal import VarveGraph
internal import VarveKernels
internal import VarveMemtable
internal import VarveSegment
internal import VarveStorage

/// Vectors, codes, ids and attributes of the rows of a merge, by their place in the output.
///
/// Filled by one thread, row after row; then sealed and read by many.
@safe final class MergeSpool: @unchecked Sendable {
    // Invariant for Sendable: written by one thread before it is sealed, then only read; `encoding`
    // is the writer's.

    let schema: Schema
    private let codeStride: Int
    private let vectorStride: Int
    private let sharesVectors: Bool
    private let vectors: SpoolRegion
    private let codes: SpoolRegion?
    private let headers: SpoolRegion
    private let attributes: SpoolRegion?
    private var attributePlaces: [AttributePlace] = []
    private var numbers: [UInt64] = []
    private var ids: [RecordID] = []
    private let scratchNames: ScratchNames?
    private let encoding: RowEncoding
    /// A vector with the zeros behind it, its code and its header, on their way into the regions.
    private let scratch: UnsafeMutableRawBufferPointer
    /// The rows that may be the longest, under inner product.
    private let liftNorm2: Double
    private(set) var rowCount = 0

    private struct AttributePlace {
        var start: UInt64
        var byteCount: UInt32
    }

    /// Bytes of memory a row takes besides its attributes, if nothing is spilled.
    static func rowByteCount(_ schema: Schema) -> Int {
        let codes = ByteRow.paddedCount(dimension: schema.dimension)
        let isShared = schema.elementType == .uint8
        return (isShared ? codes : codes + schema.vectorByteCount) + ByteRow.byteCount
    }

    /// A spool for `rowCount` rows.
    ///
    /// - Parameters:
    ///   - liftNorm2: Under inner product the squared length that vectors are lifted to.
    ///   - attributeByteCount: The most bytes the attributes take; zero if there are none.
    ///   - scratch: Makes the name of a scratch file; nil to keep everything in memory.
    init(
        _ schema: Schema, rowCount: Int, liftNorm2: Double, attributeByteCount: Int,
        scratch: ScratchNames?
    ) throws(StorageError) {
        self.schema = schema
        self.liftNorm2 = liftNorm2
        codeStride = ByteRow.paddedCount(dimension: schema.dimension)
        sharesVectors = schema.elementType == .uint8
        vectorStride = sharesVectors ? codeStride : schema.vectorByteCount
        func region(_ part: Int, _ byteCount: Int) throws(StorageError) -> SpoolRegion {
            guard let scratch else { return try SpoolRegion(capacity: byteCount) }
            return try SpoolRegion(scratch: scratch.path(part), on: scratch.fileSystem)
        }
        vectors = try region(0, rowCount * vectorStride)
        codes = sharesVectors ? nil : try region(1, rowCount * codeStride)
        headers = try region(2, rowCount * ByteRow.byteCount)
        attributes = attributeByteCount > 0 ? try region(3, attributeByteCount) : nil
        scratchNames = scratch
        encoding = RowEncoding(schema: schema)
        let byteCount = (vectorStride + 63) & ~63 + codeStride + ByteRow.byteCount
        unsafe self.scratch = .allocate(byteCount: byteCount, alignment: 64)
        unsafe self.scratch.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { unsafe scratch.deallocate() }

    /// Appends a row.
    ///
    /// The codes are made from the vector: what was made from it once comes out again, and costs
    /// less than reading the blocks it stands in.
    func append(
        _ id: RecordID, vector: UnsafeRawBufferPointer, attributes record: UnsafeRawBufferPointer
    ) throws(StorageError) {
        precondition(vector.count == schema.vectorByteCount, "a vector of the schema")
        append(id)
        guard let stored = unsafe scratch.baseAddress, let source = vector.baseAddress else {
            return
        }
        let code = unsafe stored + (vectorStride + 63) & ~63
        let header = unsafe code + codeStride
        unsafe stored.copyMemory(from: source, byteCount: vector.count)
        var row = unsafe encoding.encode(stored, into: code)
        if schema.metric == .innerProduct {
            let rest = unsafe liftNorm2 - encoding.squaredNorm(stored)
            row.lift = Float(max(0, rest).squareRoot())
        }
        unsafe header.storeBytes(of: row, as: ByteRow.self)
        unsafe try vectors.append(UnsafeRawBufferPointer(start: stored, count: vectorStride))
        unsafe try codes?.append(UnsafeRawBufferPointer(start: code, count: codeStride))
        unsafe try headers.append(
            UnsafeRawBufferPointer(start: header, count: ByteRow.byteCount))
        if let attributes {
            attributePlaces.append(
                AttributePlace(
                    start: UInt64(attributes.byteCount), byteCount: UInt32(record.count)))
            unsafe try attributes.append(record)
        }
        rowCount += 1
    }

    private func append(_ id: RecordID) {
        if ids.isEmpty, case .number(let number) = id { return numbers.append(number) }
        if ids.isEmpty {
            ids = numbers.map { .number($0) }
            numbers = []
        }
        ids.append(id)
    }

    /// Ends appending.
    func seal() throws(StorageError) {
        try vectors.seal()
        try codes?.seal()
        try headers.seal()
        try attributes?.seal()
    }

    /// Brings the rows into `order`; the spool is sealed.
    func apply(_ order: RowOrder, _ memory: WorkingMemory) throws(StorageError) {
        func file(_ part: Int) -> (FilePath, any FileSystem)? {
            scratchNames.map { ($0.path(part), $0.fileSystem) }
        }
        try vectors.apply(order, stride: vectorStride, scratch: file(4), memory)
        try codes?.apply(order, stride: codeStride, scratch: file(5), memory)
        try headers.apply(order, stride: ByteRow.byteCount, scratch: file(6), memory)
        if attributes != nil { attributePlaces = order.applied(to: attributePlaces) }
        if ids.isEmpty {
            numbers = order.applied(to: numbers)
        } else {
            ids = order.applied(to: ids)
        }
    }

    /// Gives back the memory of spilled pages that nobody has read for a while.
    func forgetPages() {
        vectors.forgetPages()
        codes?.forgetPages()
        headers.forgetPages()
        attributes?.forgetPages()
    }

    /// The codes of all rows; readable while the spool lives.
    var byteVectors: ByteVectorTable {
        // Safety: the regions live as long as the spool, and only its rows are asked for.
        unsafe ByteVectorTable(
            codes: (codes ?? vectors).base, codeStride: codeStride, rows: headers.base,
            rowStride: ByteRow.byteCount, dimension: schema.dimension)
    }
}

extension MergeSpool: SegmentRows {
    func id(_ ordinal: RowOrdinal) throws(SegmentError) -> RecordID {
        ids.isEmpty ? .number(numbers[ordinal.index]) : ids[ordinal.index]
    }

    func withVector(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        precondition(ordinal.index < rowCount, "a row of the merge")
        // Safety: the region has a vector for every row.
        unsafe body(
            UnsafeRawBufferPointer(
                start: vectors.base + ordinal.index * vectorStride, count: schema.vectorByteCount))
    }

    func withAttributes(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        guard let attributes, attributePlaces[ordinal.index].byteCount > 0 else {
            return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        let place = attributePlaces[ordinal.index]
        // Safety: the region holds the records up to the end of the last one.
        unsafe body(
            UnsafeRawBufferPointer(
                start: attributes.base + Int(place.start), count: Int(place.byteCount)))
    }
}

/// Makes the names of a merge's scratch files.
struct ScratchNames {
    var fileSystem: any FileSystem
    var directory: FilePath
    var id: SegmentID

    func path(_ part: Int) -> FilePath {
        directory.appending(FileNames.scratch(id, part: part))
    }

    /// The first part that is a table rather than rows.
    private static let firstTable = 16

    /// Memory for tables in scratch files, of which `byteLimit` bytes may be in use at a time.
    func memory(byteLimit: Int) -> WorkingMemory {
        WorkingMemory(byteLimit: byteLimit) { part, byteCount in
            try? fileSystem.scratchMemory(path(Self.firstTable + part), byteCount: byteCount)
        }
    }
}
