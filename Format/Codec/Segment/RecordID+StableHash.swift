// The hash of an id that files rely on: the same in every process, for ever.

extension RecordID {
    /// 64 well-mixed bits of the id: numbers by SplitMix64, texts by XXH3-64 of their UTF-8.
    ///
    /// Files of format version 1 hold filters made with it, so it never changes.
    public var stableHash64: UInt64 {
        switch self {
        case .number(let number):
            return splitMix64(number ^ 0x5D1A_6E0F_93C4_27B8)
        case .text(var text):
            return text.withUTF8 { utf8 in
                unsafe checksum64(UnsafeRawBufferPointer(utf8), seed: 0x1F83_D9AB_FB41_BD6B)
            }
        }
    }
}
