// Header, footer and directory of a segment that may be damaged.

import VarveFormat
import VarveStorage

extension SegmentImage {
    func checkLength() {
        guard let record, byteCount != record.byteCount else { return }
        let damage: Damage =
            byteCount < record.byteCount
            ? .truncated(byteCount: record.byteCount - byteCount)
            : .extended(byteCount: byteCount - record.byteCount)
        note(
            .length, "file", min(byteCount, record.byteCount), 0, damage,
            "\(byteCount) bytes, expected \(record.byteCount)")
    }

    /// Reads the header; one flipped bit in it is put right.
    func readHeader(_ page: [UInt8]) {
        var head = Array(page.prefix(FileHeader.byteCount))
        do throws(FormatError) {
            header = try Self.header(head)
        } catch {
            guard error.kind != .tooNew else {
                problems.append(Finding(error, role: role, file: name))
                return
            }
            var damage: Damage?
            if head.allSatisfy({ $0 == 0 }) {
                damage = .zeroed(0..<UInt64(head.count))
            } else if let (index, bit) = flips.flip(
                in: &head, head.indices, matching: { (try? Self.header($0)) != nil })
            {
                damage = .bitFlip(offset: UInt64(index), bit: bit)
                head[index] ^= 1 << UInt8(bit)
                header = try? Self.header(head)
            }
            note(.structure, error.section, error.offset, 64, damage, error.detail)
        }
        if let header, let record, header.file != record.file || header.number != record.id.rawValue
        {
            note(
                .misplaced, "file header", 32, 16,
                .staleVersion("file id \(header.file.rawValue) of segment \(header.number)"),
                "another file stands in the place of segment \(record.id.rawValue)")
        }
    }

    private static func header(_ bytes: [UInt8]) throws(FormatError) -> FileHeader {
        // Safety: every pattern of bits is a byte.
        try FileHeader(decoding: unsafe bytes.span.bytes, expecting: .segment)
    }

    func readFooter() throws(StorageError) {
        let end = min(expectedByteCount, byteCount)
        let size = UInt64(SegmentFooter.byteCount)
        guard end >= size else {
            note(.structure, "footer", 0, 0, nil, "\(byteCount) bytes have no room for a footer")
            return
        }
        var bytes = try bytes(at: end - size, count: Int(size))
        let salt = header?.file ?? record?.file
        do throws(FormatError) {
            footer = try Self.footer(bytes, salt, end)
        } catch {
            var damage: Damage?
            if bytes.allSatisfy({ $0 == 0 }) {
                damage = .zeroed(end - size..<end)
            } else if byteCount < expectedByteCount {
                // The length has been noted; what stands at the end now is no footer.
                return
            } else if let (index, bit) = flips.flip(
                in: &bytes, bytes.indices,
                matching: { (try? Self.footer($0, salt, end)) != nil })
            {
                damage = .bitFlip(offset: end - size + UInt64(index), bit: bit)
                bytes[index] ^= 1 << UInt8(bit)
                footer = try? Self.footer(bytes, salt, end)
            }
            note(.structure, "footer", end - size, size, damage, error.detail)
        }
    }

    private static func footer(
        _ bytes: [UInt8], _ salt: FileID?, _ byteCount: UInt64
    ) throws(FormatError) -> SegmentFooter {
        var salt = salt
        if salt == nil, bytes.count == SegmentFooter.byteCount {
            salt = FileID((0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[40 + $1]) << ($1 * 8) })
        }
        // Safety: every pattern of bits is a byte.
        return try SegmentFooter(
            decoding: unsafe bytes.span.bytes, file: salt ?? FileID(0), fileByteCount: byteCount)
    }

    /// The bytes of the first page that the header's own checksum does not cover.
    func checkFirstPage(_ page: [UInt8]) {
        guard let footer, let header, page.count == SegmentBlocks.pageByteCount else { return }
        var page = header.encoded() + page[FileHeader.byteCount...]
        let seed = SegmentBlocks.headerSeed(file: salt)
        guard checksum64(page, seed: seed) != footer.headerChecksum else { return }
        let damage = flips.diagnose(
            &page, at: 0, expected: footer.headerChecksum, seed: seed,
            checksumOffset: min(expectedByteCount, byteCount) - 40)
        note(
            .checksum, "file header", 0, UInt64(page.count), damage,
            "checksum of the first page does not match")
    }

    func readDirectory() throws(StorageError) {
        guard let footer else { return }
        var bytes = try bytes(
            at: footer.directoryOffset, count: Int(footer.directoryByteCount))
        let seed = SegmentBlocks.directorySeed(file: salt)
        if checksum64(bytes, seed: seed) != footer.directoryChecksum {
            let damage = flips.diagnose(
                &bytes, at: footer.directoryOffset, expected: footer.directoryChecksum,
                seed: seed, checksumOffset: footer.fileByteCount - 48)
            note(
                .structure, "directory", footer.directoryOffset, footer.directoryByteCount,
                damage, "directory checksum does not match")
            guard case .bitFlip(let offset, let bit)? = damage else { return }
            bytes[Int(offset - footer.directoryOffset)] ^= 1 << UInt8(bit)
        }
        do throws(FormatError) {
            // Safety: every pattern of bits is a byte.
            entries = try SegmentDirectory(
                decoding: unsafe bytes.span.bytes, at: footer.directoryOffset
            ).entries
        } catch {
            problems.append(Finding(error, role: role, file: name))
        }
    }
}
