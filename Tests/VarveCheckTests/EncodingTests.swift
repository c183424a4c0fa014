// Codes that are not their vectors', under right checksums.

import Testing
import VarveCheck
import VarveFormat
import VarveManifest
import VarveSegment
import VarveStorage
import VarveStorageSimulation

@Suite struct EncodingTests {
    /// Changes a byte of the section `walk` and makes every checksum of the file right again.
    private func forge(_ disk: SimulatedFileSystem, _ path: FilePath, at place: Int) throws {
        let image = try SegmentImage(disk, path: path, name: path.name, role: .live, record: nil)
        let section = try #require(image.index(of: SegmentSection.walk.rawValue))
        let entry = image.entries[section]
        let salt = try #require(image.header?.file)
        var bytes = try #require(disk.bytes(path))
        let offset = Int(entry.offset)
        bytes[offset + place] ^= 0x10
        try #require(entry.tablePageCount > 0)
        let range = entry.blockRange(0)
        let sum = checksum64(
            Array(bytes[offset + range.lowerBound..<offset + range.upperBound]),
            seed: SegmentBlocks.seed(file: salt, section: section, block: 0))
        let table = Int(entry.tableOffset)
        for index in 0..<8 { bytes[table + index] = UInt8(truncatingIfNeeded: sum >> (index * 8)) }
        let end = table + SegmentBlocks.checksumsPerPage * 8
        let page = checksum64(
            Array(bytes[table..<end]),
            seed: SegmentBlocks.tableSeed(file: salt, section: section, page: 0))
        for index in 0..<8 { bytes[end + index] = UInt8(truncatingIfNeeded: page >> (index * 8)) }
        disk.damage(path, .overwrite(offset: 0, bytes: bytes))
    }

    @Test func `codes that are not those of their vectors are found`() throws {
        let sample = try SampleStore()
        let image = try StoreImage(sample.disk, SampleStore.root)
        let record = try #require(image.live?.manifest?.segments.first)
        let path = SampleStore.root.appending(FileNames.segment(record.id))
        func compared(_ disk: SimulatedFileSystem) throws -> Int {
            let reader = try SegmentReader(
                fileSystem: disk, path: path, expecting: record, access: .mapped)
            return try reader.verifyEncoding(sampleCount: 1_000)
        }
        #expect(try compared(sample.disk) == record.rowCount)
        let disk = sample.disk.crash(.keepAll, seed: 1)
        try forge(disk, path, at: 66)
        #expect(throws: SegmentError.self) { try compared(disk) }
    }
}
