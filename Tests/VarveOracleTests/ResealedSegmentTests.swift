// Segments with wrong values must pass every checksum, or nothing behind them would be tested.

import Testing
import VarveFormat
import VarveOracle
import VarveSegment
import VarveStorage
import VarveStorageSimulation

@Suite struct ResealedSegmentTests {
    @Test func `no checksum finds a change, and wrong values are found all the same`() throws {
        let (bytes, record) = try StoreImages.segment.get()
        let whole = try ResealedSegment(bytes, record)
        let (same, sameRecord) = whole.changed(by: [])
        #expect(same == bytes && sameRecord == record)
        #expect(try Self.verify(same, sameRecord) == nil)
        var generator = SeededGenerator(seed: 4)
        var kinds: [FormatError.Kind: Int] = [:]
        for _ in 0..<300 {
            var change = (0..<8).map { _ in UInt8(generator.below(256)) }
            change[0] = UInt8(generator.below(whole.sectionCount))
            let (changed, claimed) = whole.changed(by: change)
            guard changed != bytes else { continue }
            guard let error = try Self.verify(changed, claimed) else { continue }
            #expect(error.kind != .checksumMismatch, "\(error)")
            kinds[error.kind, default: 0] += 1
        }
        #expect(kinds[.invalidValue, default: 0] > 50, "\(kinds)")
    }

    /// What a verification finds; nil if that is nothing.
    private static func verify(_ bytes: [UInt8], _ record: SegmentRecord) throws -> FormatError? {
        let disk = SimulatedFileSystem(seed: 1)
        let path = FilePath("/segment")
        try disk.writeFileDurably(path, bytes)
        do throws(SegmentError) {
            _ = try SegmentVerification(verifying: path, of: disk, against: record)
            return nil
        } catch {
            guard case .damaged(let damage) = error else { throw error }
            return damage
        }
    }
}
