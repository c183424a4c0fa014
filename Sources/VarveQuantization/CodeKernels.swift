// The kernels over codes, by tier.

package import CKernels
package import VarveKernels

/// The table of kernels over codes of one tier.
@safe package struct CodeKernels: @unchecked Sendable {
    // Invariant for Sendable: the table is a constant of the program.

    package let table: UnsafePointer<vk_code_kernels>

    /// The kernels of `tier`, which must be available.
    package init(_ tier: KernelTier) {
        guard let table = unsafe vk_code_kernels_for(vk_tier(tier.rawValue)) else {
            preconditionFailure("this machine has no \(tier)")
        }
        unsafe self.table = unsafe table
    }

    /// The kernels of the fastest tier.
    package static let best = CodeKernels(.best)
}
