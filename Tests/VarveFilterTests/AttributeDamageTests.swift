// Damaged sections of attributes give an error or an answer, never a trap.

import Testing
import VarveFilter
import VarveFormat

@Suite struct AttributeDamageTests {
    private let rowCount = 150

    private func sections() throws -> [(section: AttributeSection, bytes: [UInt8])] {
        var builder = AttributeSectionsBuilder()
        for row in Sample.rows(rowCount, seed: 77) {
            try builder.append(row.isEmpty ? [] : AttributeRecord.encode(row))
        }
        return builder.finish()
    }

    /// Reads everything there is; gives the first error.
    private func readAll(
        _ sections: [(section: AttributeSection, bytes: [UInt8])]
    ) -> FormatError? {
        do throws(FormatError) {
            let reader = try AttributeReader(
                AttributeSectionsInMemory(sections), rowCount: rowCount)
            var first: FormatError?
            func attempt(_ body: () throws(FormatError) -> Void) {
                do throws(FormatError) { try body() } catch { first = first ?? error }
            }
            for row in stride(from: 0, to: UInt32(rowCount), by: 29) {
                attempt { () throws(FormatError) in
                    _ = try reader.attributes(of: RowOrdinal(row))
                }
            }
            for entry in reader.entries {
                attempt { () throws(FormatError) in
                    guard let column = try reader.column(entry.id) else { return }
                    for row in 0..<UInt32(rowCount) { _ = column.value(of: RowOrdinal(row)) }
                    _ = column.rows(from: "a", through: "x")
                    _ = column.rows(in: 0...5 as ClosedRange<Int64>)
                    _ = column.rows(equalTo: .bool(true))
                }
                attempt { () throws(FormatError) in _ = try reader.postings(entry.id, "red") }
                attempt { () throws(FormatError) in _ = try reader.postings(entry.id, "tag3") }
            }
            return first
        } catch {
            return error
        }
    }

    @Test func `whole sections are read without an error`() throws {
        #expect(readAll(try sections()) == nil)
    }

    @Test(arguments: AttributeSection.allCases)
    func `a flipped bit anywhere never traps`(section: AttributeSection) throws {
        let whole = try sections()
        let place = try #require(whole.firstIndex { $0.section == section })
        let step = max(1, whole[place].bytes.count / 250)
        var refused = 0
        for index in stride(from: 0, to: whole[place].bytes.count, by: step) {
            var damaged = whole
            damaged[place].bytes[index] ^= 1 << UInt8(index / step % 8)
            if readAll(damaged) != nil { refused += 1 }
        }
        #expect(refused >= 20)
    }

    @Test(arguments: AttributeSection.allCases)
    func `every truncation and a tail are refused`(section: AttributeSection) throws {
        let whole = try sections()
        let place = try #require(whole.firstIndex { $0.section == section })
        let count = whole[place].bytes.count
        for cut in stride(from: 0, to: count, by: max(1, count / 50)) {
            var damaged = whole
            damaged[place].bytes.removeLast(count - cut)
            #expect(readAll(damaged) != nil, "\(cut) of \(count) bytes")
        }
        var longer = whole
        longer[place].bytes.append(0)
        #expect(readAll(longer) != nil)
    }

    @Test func `sections of another segment are refused`() throws {
        let whole = try sections()
        #expect(throws: FormatError.self) {
            try AttributeReader(AttributeSectionsInMemory(whole), rowCount: rowCount + 1)
        }
    }
}
