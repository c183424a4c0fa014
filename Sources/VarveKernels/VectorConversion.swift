// Checks at the door and conversions between element types.

internal import CKernels

/// Conversions of vectors between element types, and what is checked before a vector is believed.
///
/// All results have the same bits on every machine.
public enum VectorConversion {
    /// The index of the first component that is not finite, or nil.
    public static func firstNotFinite(_ vector: UnsafePointer<Float>, count: Int) -> Int? {
        let index = unsafe KernelTier.best.kernels.pointee.first_not_finite(vector, count)
        return index < count ? index : nil
    }

    /// Whether all components are finite and smaller than `limit` in absolute value.
    public static func isBelow(
        _ limit: Float, _ vector: UnsafePointer<Float>, count: Int
    ) -> Bool {
        unsafe vk_all_below(vector, count, limit) != 0
    }

    /// Scales a vector to length 1; false where its length is zero (or not finite), leaving it as
    /// it was.
    public static func normalise(_ vector: UnsafeMutablePointer<Float>, count: Int) -> Bool {
        unsafe vk_normalise(vector, count) != 0
    }

    /// The squared norm, summed in double precision.
    public static func squaredNorm(_ vector: UnsafePointer<Float>, count: Int) -> Double {
        unsafe vk_norm2(vector, count)
    }

    /// Writes floats as `element`; the index of the first component it cannot hold, or nil.
    ///
    /// float16 rounds to nearest and refuses what would become infinite; uint8 and int8 refuse what
    /// is not a whole number in range. Behind a refused component the destination is undefined.
    /// Floats are copied unchecked.
    public static func convert(
        _ vector: UnsafePointer<Float>, count: Int, to element: VectorElement,
        into destination: UnsafeMutableRawPointer
    ) -> Int? {
        let index: Int
        switch element {
        case .float32:
            unsafe destination.copyMemory(from: vector, byteCount: count * 4)
            return nil
        case .float16:
            index = unsafe vk_f32_to_f16_checked(
                KernelTier.best.kernels, vector, count,
                destination.assumingMemoryBound(to: UInt16.self))
        case .uint8:
            index = unsafe vk_f32_to_u8(
                vector, count, destination.assumingMemoryBound(to: UInt8.self))
        case .int8:
            index = unsafe vk_f32_to_i8(
                vector, count, destination.assumingMemoryBound(to: Int8.self))
        }
        return index < count ? index : nil
    }

    /// Writes `count` components stored as `element` as floats; every one is represented exactly.
    public static func widen(
        _ source: UnsafeRawPointer, count: Int, from element: VectorElement,
        into vector: UnsafeMutablePointer<Float>
    ) {
        switch element {
        case .float32:
            unsafe UnsafeMutableRawPointer(vector).copyMemory(from: source, byteCount: count * 4)
        case .float16:
            unsafe KernelTier.best.kernels.pointee.f16_to_f32(
                source.assumingMemoryBound(to: UInt16.self), count, vector)
        case .uint8:
            unsafe vk_u8_to_f32(source.assumingMemoryBound(to: UInt8.self), count, vector)
        case .int8:
            unsafe vk_i8_to_f32(source.assumingMemoryBound(to: Int8.self), count, vector)
        }
    }
}
