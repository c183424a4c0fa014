// What a power cut leaves in one file.

extension FileNode {
    /// The bytes left in this file.
    ///
    /// - Parameter cut: For ``CrashPolicy/Content/laterFiles``, the operation from which on files
    ///   are whole.
    func survivor(
        _ content: CrashPolicy.Content, cut: Int, _ generator: inout SeededGenerator
    ) -> PagedBytes {
        guard !pending.isEmpty else { return durable }
        switch content {
        case .lost: return durable
        case .kept: return settled
        case .prefix:
            var result = durable
            for change in pending.prefix(generator.below(pending.count + 1)) {
                result.apply(change)
            }
            return result
        case .blocks(let byteCount):
            return scattered(unit: byteCount, &generator) { bytes, offset, result, generator in
                if generator.chance(1, in: 2) { result.write(bytes, at: offset) }
            }
        case .laterFiles:
            let isLater = pending.contains { $0.operationIndex >= cut }
            return isLater ? settled : durable
        case .grownButZero:
            var result = durable
            result.resize(to: settled.byteCount)
            return result
        case .torn: return scattered(unit: 512, &generator, Self.tear)
        }
    }

    /// Puts one sector of a write on the disk, well or badly.
    private static func tear(
        _ bytes: ArraySlice<UInt8>, at offset: Int, _ result: inout PagedBytes,
        _ generator: inout SeededGenerator
    ) {
        switch generator.below(5) {
        case 0: return
        case 1: result.write(bytes, at: offset)
        case 2: result.write([UInt8](repeating: 0, count: bytes.count)[...], at: offset)
        case 3:
            let garbage = bytes.map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            result.write(garbage[...], at: offset)
        default: result.write(bytes.prefix(generator.below(bytes.count + 1)), at: offset)
        }
    }

    /// Goes through all changes block by block, and settles the length last.
    private func scattered(
        unit: Int, _ generator: inout SeededGenerator,
        _ place: (ArraySlice<UInt8>, Int, inout PagedBytes, inout SeededGenerator) -> Void
    ) -> PagedBytes {
        var result = durable
        for change in pending {
            switch change.kind {
            case .resize(let byteCount):
                if generator.chance(1, in: 2) { result.resize(to: byteCount) }
            case .write(let offset, let bytes):
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, start + unit - (offset + start) % unit)
                    place(bytes[start..<end], offset + start, &result, &generator)
                    start = end
                }
            }
        }
        // The length is written apart from the bytes: it may be older or newer than they are.
        switch generator.below(4) {
        case 0 where result.byteCount > durable.byteCount: result.resize(to: durable.byteCount)
        case 1: result.resize(to: max(result.byteCount, settled.byteCount))
        default: break
        }
        return result
    }
}
