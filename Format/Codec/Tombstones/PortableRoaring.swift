// The portable serial form of a row set, written in one canonical way and checked before it is
// believed. https://github.com/RoaringBitmap/RoaringFormatSpec

/// Writer and checker of the portable form.
///
/// Both are done here and not by the C library: it writes equal sets in different ways, depending
/// on how they came about, and in the versions this code meets it trusts the bytes it reads.
enum PortableRoaring {
    static let cookieWithoutRuns: UInt32 = 12_346
    static let cookieWithRuns: UInt16 = 12_347
    /// Sets with runs and fewer containers than this have no offsets.
    static let offsetThreshold = 4
    /// The most values of an array container; a bitset has more.
    static let maximumArrayCount = 4_096
    static let bitsetByteCount = 8_192

    /// How the values of one container are written.
    enum Shape { case array, bitset, runs }

    /// The values that share their upper 16 bits: where they stand, and how they are written.
    struct Container {
        var key: UInt16
        var range: Range<Int>
        var runCount: Int

        var shape: Shape {
            let plainByteCount = min(range.count * 2, bitsetByteCount)
            if 2 + runCount * 4 < plainByteCount { return .runs }
            return range.count <= maximumArrayCount ? .array : .bitset
        }

        var byteCount: Int {
            switch shape {
            case .array: range.count * 2
            case .bitset: bitsetByteCount
            case .runs: 2 + runCount * 4
            }
        }
    }

    /// The bytes of the set of `values`, which must be strictly ascending.
    ///
    /// A container is runs where that is strictly smallest, else an array up to 4,096 values, else
    /// a bitset.
    static func encode(_ values: [UInt32]) -> [UInt8] {
        let containers = containers(of: values)
        let hasRuns = containers.contains { $0.shape == .runs }
        var writer = ByteWriter(
            capacity: 8 + containers.reduce(0) { $0 + $1.byteCount + 9 })
        if hasRuns {
            writer.append(cookieWithRuns)
            writer.append(UInt16(containers.count - 1))
            var flags = [UInt8](repeating: 0, count: (containers.count + 7) / 8)
            for (index, container) in containers.enumerated() where container.shape == .runs {
                flags[index / 8] |= 1 << UInt8(index % 8)
            }
            writer.append(contentsOf: flags)
        } else {
            writer.append(cookieWithoutRuns)
            writer.append(UInt32(containers.count))
        }
        for container in containers {
            writer.append(container.key)
            writer.append(UInt16(container.range.count - 1))
        }
        if !hasRuns || containers.count >= offsetThreshold {
            var offset = writer.count + containers.count * 4
            for container in containers {
                writer.append(UInt32(offset))
                offset += container.byteCount
            }
        }
        for container in containers { encode(container, of: values, into: &writer) }
        return writer.bytes
    }

    private static func containers(of values: [UInt32]) -> [Container] {
        var result: [Container] = []
        var start = 0
        var runCount = 1
        for index in values.indices.dropFirst() {
            let (value, before) = (values[index], values[index - 1])
            precondition(before < value, "values are not strictly ascending")
            if value >> 16 != before >> 16 {
                result.append(
                    Container(
                        key: UInt16(before >> 16), range: start..<index, runCount: runCount))
                start = index
                runCount = 1
            } else if value != before + 1 {
                runCount += 1
            }
        }
        if let last = values.last {
            result.append(
                Container(
                    key: UInt16(last >> 16), range: start..<values.count, runCount: runCount))
        }
        return result
    }

    private static func encode(
        _ container: Container, of values: [UInt32], into writer: inout ByteWriter
    ) {
        switch container.shape {
        case .array:
            for index in container.range {
                writer.append(UInt16(truncatingIfNeeded: values[index]))
            }
        case .bitset:
            var words = [UInt64](repeating: 0, count: bitsetByteCount / 8)
            for index in container.range {
                let low = Int(values[index] & 0xFFFF)
                words[low / 64] |= 1 << UInt64(low % 64)
            }
            for word in words { writer.append(word) }
        case .runs:
            writer.append(UInt16(container.runCount))
            var first = container.range.lowerBound
            for index in container.range {
                let next = index + 1
                if next < container.range.upperBound, values[next] == values[index] + 1 { continue }
                writer.append(UInt16(truncatingIfNeeded: values[first]))
                writer.append(UInt16(truncatingIfNeeded: index - first))
                first = next
            }
        }
    }
}
