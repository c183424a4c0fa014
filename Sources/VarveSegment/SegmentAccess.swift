// How the bytes of a segment are reached.

/// How a reader reaches the bytes of its file.
public enum SegmentAccess: Sendable {
    /// Through memory: the whole file is mapped, and the kernel decides what stays.
    case mapped
    /// By pages read past the kernel's cache into `cache`, whose budget bounds the memory.
    case paged(PageCache)
}
