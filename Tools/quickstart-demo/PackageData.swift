// The small data set of Benchmarks/Data/debian-packages, read into memory.

import Foundation
import Varve

/// A Debian package as the data set describes it.
struct Package: Decodable, Sendable {
    var name: String
    var section: String
    var installed_size: Int64
    var tags: [String]?
    var synopsis: String

    /// What is stored beside the vector.
    var attributes: [String: AttributeValue] {
        var values: [String: AttributeValue] = [
            "name": .string(name), "section": .string(section),
            "installed_size": .int(installed_size),
            "synopsis": .string(synopsis),
        ]
        if let tags { values["tags"] = .strings(tags) }
        return values
    }
}

/// Rows to store, queries that are not among them, and the exact answers.
struct PackageData: Sendable {
    let packages: [Package]
    let vectors: Matrix<Int8>
    let queries: [Package]
    let queryVectors: Matrix<Int8>
    /// For each query the numbers of its nearest rows.
    let answers: Matrix<Int32>

    /// Reads the data set in `directory`.
    init(directory: String) throws {
        packages = try Self.lines(directory + "/base.jsonl")
        vectors = try Matrix(directory + "/base.i8bin")
        queries = try Self.lines(directory + "/query.jsonl")
        queryVectors = try Matrix(directory + "/query.i8bin")
        answers = try Matrix(directory + "/gt.ibin")
        guard packages.count == vectors.rowCount, queries.count == queryVectors.rowCount,
            queries.count == answers.rowCount, vectors.columnCount == queryVectors.columnCount
        else { throw DemoFailure("the files in \(directory) do not belong together") }
    }

    private static func lines(_ path: String) throws -> [Package] {
        let decoder = JSONDecoder()
        return try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n"))
            .map { try decoder.decode(Package.self, from: $0) }
    }
}

/// Rows of whole numbers: little-endian uint32 rows, uint32 columns, then the values row by row.
struct Matrix<Value: FixedWidthInteger & Sendable>: Sendable {
    let rowCount: Int
    let columnCount: Int
    private let values: [Value]

    /// Reads the whole file at `path`.
    init(_ path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let width = Value.bitWidth / 8
        guard bytes.count >= 8 else { throw DemoFailure("\(path) has no header") }
        rowCount = Int(Self.integer(bytes[0..<4], UInt32.self))
        columnCount = Int(Self.integer(bytes[4..<8], UInt32.self))
        guard bytes.count == 8 + rowCount * columnCount * width else {
            throw DemoFailure("\(path) is not as long as its header says")
        }
        values = stride(from: 8, to: bytes.count, by: width).map {
            Self.integer(bytes[$0..<$0 + width], Value.self)
        }
    }

    /// Row `index`.
    subscript(index: Int) -> ArraySlice<Value> {
        values[index * columnCount..<(index + 1) * columnCount]
    }

    private static func integer<Number: FixedWidthInteger>(
        _ bytes: ArraySlice<UInt8>, _ type: Number.Type
    ) -> Number {
        bytes.reversed().reduce(Number.zero) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}

/// Something the demonstration wanted to show and could not.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
