// A segment written once more with the same rows and the same graph, and codes made anew.

public import VarveFormat
internal import VarveGraph
internal import VarveKernels
public import VarveSegment
public import VarveStorage

/// Writes the rows of a segment, in their order and with their graph, to a new file whose codes,
/// blocks for walks and measured figures are made from the vectors; durable, and verified.
///
/// What the old file says of rows and graph is read and verified; its codes are not looked at, so
/// they may be damaged. Ordinals stay, so tombstones and the lists of near rows do, too; where the
/// lists cannot be read, the new segment has one list. Takes about as much memory as a bulk load of
/// as many rows.
///
/// - Parameters:
///   - reader: The segment.
///   - record: What the manifest says of it.
///   - file: The salt of the new file.
///   - directory: The store's directory that gets the file, under the same number.
/// - Throws: ``SegmentError``; no file is left then, as far as the disk allows.
public func writeRecodedSegment(
    of reader: SegmentReader, _ record: SegmentRecord, store: StoreID, file: FileID,
    into directory: FilePath, fileSystem: any FileSystem, runtime: any Runtime, threadCount: Int
) throws(SegmentError) -> SegmentRecord {
    let description = reader.description
    var graph = GraphParameters()
    graph.maxDegree = max(2, description.maximumDegree)
    let capacity = BulkCapacity(schema: description.schema, graph: graph)
    let run: BulkRun
    do throws(StorageError) {
        run = try BulkRun(capacity, rowLimit: reader.rowCount, byteLimit: .max)
    } catch {
        throw .storage(error)
    }
    var lists: [[UInt32]] = []
    lists.reserveCapacity(reader.rowCount)
    for row in (0..<UInt32(reader.rowCount)).lazy.map({ RowOrdinal($0) }) {
        let id = try reader.id(of: row)
        let attributes = try reader.attributeRecord(of: row)
        let failure = unsafe try reader.withVector(row) {
            (vector) throws(SegmentError) -> StorageError? in
            unsafe attributes.withUnsafeBytes { attributes in
                do throws(StorageError) {
                    unsafe try run.append(id, vector: vector, attributes: attributes)
                    return nil
                } catch {
                    return error
                }
            }
        }
        if let failure { throw .storage(failure) }
        lists.append(try reader.neighbors(of: row).map(\.rawValue))
    }
    let liftNorm2 = run.encode(runtime: runtime, threadCount: threadCount)
    let plan = SegmentPlan(
        store: store, id: record.id, file: file, schema: description.schema,
        sequences: description.sequences, graph: description.graph, liftNorm2: Float(liftNorm2),
        entryPoints: reader.entryPoints.ordinals, listStarts: (try? reader.listStarts()) ?? [],
        includesWalk: reader.sectionEntries.contains {
            $0.name == SegmentSection.walk.rawValue
        },
        attributes: description.attributes)
    let path = directory.appending(FileNames.segment(record.id))
    let made = try SegmentBuilder(
        fileSystem: fileSystem, runtime: runtime, threadCount: threadCount
    ).build(
        plan, rows: run,
        neighbors: NeighborLists(lists, maximumDegree: description.maximumDegree),
        vectors: run.byteVectors, at: path)
    do throws(SegmentError) {
        do throws(StorageError) { try fileSystem.syncDirectory(path.parent) } catch {
            throw .storage(error)
        }
        _ = try SegmentVerification(
            verifying: path, of: fileSystem, against: made, runtime: runtime,
            threadCount: threadCount)
    } catch {
        // The first error is what the caller must hear of.
        try? fileSystem.remove(path)
        throw error
    }
    return made
}
