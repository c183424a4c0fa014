// How the bytes of a segment are reached.

/// How a reader reaches the bytes of its file.
public enum SegmentAccess: Sendable {
    /// Through memory: the whole file is mapped, and the kernel decides what stays.
    case mapped
    /// By pages read into `cache`, whose budget bounds the memory of this process; the kernel keeps
    /// what it likes in a cache of its own.
    case paged(PageCache)
    /// By pages read into `cache` past the kernel's own, so that the budget bounds the memory of
    /// the whole machine.
    case direct(PageCache)
}
