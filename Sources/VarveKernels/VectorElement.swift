// How a component of an exact vector lies in memory.

internal import CKernels

/// The element types of exact vectors; the raw values are those of the store's schema.
public enum VectorElement: UInt8, Hashable, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case float32 = 0
    /// IEEE 754 binary16.
    case float16 = 1
    /// Whole numbers from 0 to 255.
    case uint8 = 2
    /// Whole numbers from −128 to 127.
    case int8 = 3

    /// Bytes of one component.
    public var byteCount: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        case .uint8, .int8: 1
        }
    }

    var cElement: vk_element { vk_element(UInt32(rawValue)) }
}
