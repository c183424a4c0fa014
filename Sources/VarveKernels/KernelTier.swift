// The instruction tiers and the table of kernels each stands for.

package import CKernels

/// A set of instructions the kernels are compiled for.
///
/// Integer results are the same on every tier; float results differ in the last bits.
public enum KernelTier: UInt32, Hashable, Sendable, CaseIterable {
    /// Plain C, on every machine.
    case scalar = 0
    /// x86-64 with AVX2, FMA and F16C.
    case avx2 = 1
    /// x86-64 with AVX-512 F, BW, VL, DQ, VNNI and VBMI.
    case avx512 = 2
    /// arm64.
    case neon = 3

    /// The fastest tier of this machine; everything runs on it unless told otherwise.
    public static let best: KernelTier = {
        let kernels = unsafe vk_kernels_best()
        return KernelTier(rawValue: unsafe kernels.pointee.tier.rawValue) ?? .scalar
    }()

    /// Whether this machine can run the tier.
    public var isAvailable: Bool {
        unsafe vk_kernels_for(vk_tier(rawValue)) != nil
    }

    /// The tiers of this machine.
    public static var available: [KernelTier] { allCases.filter(\.isAvailable) }

    /// The kernels of the tier, which must be available.
    package var kernels: UnsafePointer<vk_kernels> {
        guard let kernels = unsafe vk_kernels_for(vk_tier(rawValue)) else {
            preconditionFailure("this machine has no \(self)")
        }
        return unsafe kernels
    }
}
