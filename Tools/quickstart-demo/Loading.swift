// Writing packages in batches, each acknowledged before the next.

import Glibc
import Varve

/// The store the demonstration makes: 384 components, cosine, stored in 16 bits each.
let demoSchema = Schema(dimension: 384, metric: .cosine, elementType: .float16)

/// Rows one batch writes.
let rowsPerBatch = 100

/// Writes the packages from `firstRow` on, and calls `acknowledged` with the number of rows written
/// after each batch: from then on those rows survive whatever happens to the process or the power.
func load(
    _ data: PackageData, from firstRow: Int, into store: Store, acknowledged: (Int) -> Void
) throws {
    var row = firstRow
    while row < data.packages.count {
        let end = min(row + rowsPerBatch, data.packages.count)
        var batch = WriteBatch()
        for index in row..<end {
            batch.upsert(
                id: .number(UInt64(index)), vector: data.vectors[index].map(Float.init),
                attributes: data.packages[index].attributes)
        }
        try store.write(batch)
        row = end
        acknowledged(row)
    }
}

/// What runs in the child: creates the store and loads it, and tells each acknowledgement to
/// standard output.
func loadAndTell(_ data: PackageData, storePath: String) throws {
    let store = try Store.create(at: storePath, schema: demoSchema, options: Options())
    try load(data, from: 0, into: store) { rowCount in
        let line = Array("\(rowCount)\n".utf8)
        // Past every buffer of this process: what has been told stays told when it dies.
        _ = unsafe write(STDOUT_FILENO, line, line.count)
    }
    try store.close()
}
