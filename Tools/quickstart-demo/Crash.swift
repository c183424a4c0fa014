// A process killed in the middle of writing, and the proof that nothing it acknowledged is lost.

import Foundation
import Glibc
import Varve

/// Loads in a child process and kills it once it has acknowledged `batchCount` batches.
///
/// Gives the rows that were acknowledged, those included that were acknowledged while the signal
/// was under way.
func loadAndKill(
    program: String, dataPath: String, storePath: String, afterBatches batchCount: Int
) throws -> Int {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: program)
    child.arguments = ["--load", dataPath, storePath]
    let pipe = Pipe()
    child.standardOutput = pipe
    try child.run()
    var told = Data()
    var isKilled = false
    while true {
        let part = pipe.fileHandleForReading.availableData
        guard !part.isEmpty else { break }
        told.append(part)
        if !isKilled, told.count(where: { $0 == UInt8(ascii: "\n") }) >= batchCount {
            kill(child.processIdentifier, SIGKILL)
            isKilled = true
        }
    }
    child.waitUntilExit()
    guard isKilled, child.terminationReason == .uncaughtSignal else {
        throw DemoFailure(
            "the loading process ended by itself, with status \(child.terminationStatus)")
    }
    let lines = String(decoding: told, as: UTF8.self).split(separator: "\n")
    guard let last = lines.last, let rowCount = Int(last) else {
        throw DemoFailure("no acknowledgement was read")
    }
    return rowCount
}

/// Compares every acknowledged row with what was written, bit by bit.
///
/// Gives the rows found: those acknowledged, and perhaps the batch that was being written, whole.
func verify(_ store: Store, holds acknowledgedCount: Int, of data: PackageData) throws -> Int {
    for row in 0..<acknowledgedCount {
        guard let found = try store.get(.number(UInt64(row))) else {
            throw DemoFailure("row \(row) was acknowledged and is lost")
        }
        let expected = storedVector(data.vectors[row])
        guard found.vector.map(\.bitPattern) == expected.map(\.bitPattern) else {
            throw DemoFailure("the vector of row \(row) is not what was written")
        }
        guard found.attributes == data.packages[row].attributes else {
            throw DemoFailure("the attributes of row \(row) are not what was written")
        }
    }
    var rowCount = acknowledgedCount
    while rowCount < data.packages.count, try store.get(.number(UInt64(rowCount))) != nil {
        rowCount += 1
    }
    guard (rowCount - acknowledgedCount) % rowsPerBatch == 0 else {
        throw DemoFailure("a batch is there in part: \(rowCount) rows")
    }
    return rowCount
}

/// What the store makes of a vector under cosine in 16 bits: unit length, rounded to the nearest.
///
/// The sum of the squares is a whole number, so it is exact in whatever order it is added up; the
/// scaling is done in binary64, the rounding to binary32 and then to binary16.
func storedVector(_ values: ArraySlice<Int8>) -> [Float] {
    let squares = values.reduce(0) { $0 + Int($1) * Int($1) }
    let scale = 1 / Double(squares).squareRoot()
    return values.map { Float(Float16(Float(Double($0) * scale))) }
}
