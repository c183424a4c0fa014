// A new segment's file: written, made durable, and read back before anyone believes it.

internal import VarveFormat
internal import VarveGraph
internal import VarveKernels
internal import VarveSegment
internal import VarveStorage
internal import VarveMutants

/// Where new segments go and what they are written with.
struct VerifiedWriting {
    /// The store's directory.
    var directory: FilePath
    var fileSystem: any FileSystem
    var runtime: any Runtime
    var threadCount: Int
    var memory = WorkingMemory.process
    var pulse = WorkPulse.steady

    /// Writes a segment, syncs it and its name, and verifies it; whatever fails, the file is
    /// removed again as far as the disk allows.
    func write(
        _ segment: SegmentPlan, rows: any SegmentRows, graph: Adjacency, vectors: ByteVectorTable
    ) throws(SegmentError) -> WrittenSegment {
        let path = directory.appending(FileNames.segment(segment.id))
        // An earlier attempt that was cut off may have left its file; no manifest has ever named
        // it.
        try Self.storing { () throws(StorageError) in
            if try fileSystem.status(path) != nil { try fileSystem.remove(path) }
        }
        let builder = SegmentBuilder(
            fileSystem: fileSystem, runtime: runtime, threadCount: threadCount, memory: memory,
            pulse: pulse)
        let record = try builder.build(
            segment, rows: rows, graph: graph, vectors: vectors, at: path)
        do {
            try Self.storing { () throws(StorageError) in
                if !Mutant.isPlanted(.dropSegmentNameSync) {
                    try fileSystem.syncDirectory(path.parent)
                }
            }
            if Mutant.isPlanted(.publishBeforeVerify) {
                return WrittenSegment(record: record, recall: nil)
            }
            // The rows have been written; reading back takes memory of its own.
            memory.giveBackAll()
            let verification = try SegmentVerification(
                verifying: path, of: fileSystem, against: record, pulse: pulse, runtime: runtime,
                threadCount: threadCount)
            return WrittenSegment(record: record, recall: verification.recall)
        } catch {
            // The first error is what the caller must hear of.
            try? fileSystem.remove(path)
            throw error
        }
    }

    private static func storing<R>(
        _ body: () throws(StorageError) -> R
    ) throws(SegmentError) -> R {
        do { return try body() } catch { throw .storage(error) }
    }
}
