// How the bytes of a segment are reached.

/// How a reader reaches the bytes of its file.
public enum SegmentAccess: Sendable {
    /// Through memory: the whole file is mapped, and the kernel decides what stays.
    case mapped
    /// The same, and nothing is copied out of it: for readers that touch some pages and give them
    /// back, whose memory is then what they touch in between.
    case mappedInPlace
    /// By pages: searches keep codes in memory and read the pages they need; everything else goes
    /// through `cache`. The kernel keeps what it likes in a cache of its own.
    case paged(PageCache)
    /// The same, but searches by pages read past the kernel's cache, so that what they read takes
    /// no memory of the machine.
    case direct(PageCache)
}
