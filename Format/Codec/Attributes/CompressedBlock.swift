// Blocks of bytes through zstd, one frame each.

internal import CZstd

/// Compresses blocks one after the other; the same bytes give the same frame.
@safe package final class BlockCompressor {
    private let context: OpaquePointer
    /// Level 3 of zstd.
    private static let level: Int32 = 3

    /// A compressor with its own working memory.
    package init() {
        guard let context = unsafe ZSTD_createCCtx() else { fatalError("out of memory") }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// The frame of `bytes`.
    package func compress(_ bytes: [UInt8]) -> [UInt8] {
        let capacity = ZSTD_compressBound(bytes.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            count = unsafe bytes.withUnsafeBytes { input in
                unsafe ZSTD_compressCCtx(
                    context, output.baseAddress, capacity, input.baseAddress, input.count,
                    Self.level)
            }
            precondition(ZSTD_isError(count) == 0, "a buffer of the bound's size is enough")
        }
    }
}

/// The `byteCount` bytes of a frame that may be damaged; takes no more memory than that.
func decompressBlock(
    _ frame: RawSpan, byteCount: Int, section: String, baseOffset: UInt64
) throws(FormatError) -> [UInt8] {
    func error(_ detail: String) -> FormatError {
        FormatError(.invalidValue, section: section, offset: baseOffset, detail: detail)
    }
    let (recorded, frameByteCount) = unsafe frame.withUnsafeBytes { input in
        (
            unsafe ZSTD_getFrameContentSize(input.baseAddress, input.count),
            unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
        )
    }
    guard recorded == UInt64(byteCount), frameByteCount == frame.byteCount else {
        throw error("not one frame of \(byteCount) bytes")
    }
    guard byteCount > 0 else { return [] }
    var found = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
        found = unsafe frame.withUnsafeBytes { input in
            unsafe ZSTD_decompress(output.baseAddress, byteCount, input.baseAddress, input.count)
        }
        count = ZSTD_isError(found) == 0 ? min(found, byteCount) : 0
    }
    guard ZSTD_isError(found) == 0, bytes.count == byteCount else {
        throw error("the frame does not decompress to \(byteCount) bytes")
    }
    return bytes
}
