// What a store keeps of a vector that it is given.

package import VarveFormat
import VarveKernels

/// Vectors as they are after the trip through a store.
package enum StoredVector {
    /// `input` normalised where the metric asks for it, and rounded to the element type.
    package static func of(_ input: [Float], _ schema: Schema) -> [Float] {
        var vector = input
        let count = vector.count
        unsafe vector.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            if schema.metric == .cosine {
                precondition(unsafe VectorConversion.normalise(base, count: count))
            }
            // Whole numbers are kept as they are.
            guard schema.elementType == .float16 else { return }
            var halves = [UInt16](repeating: 0, count: count)
            unsafe halves.withUnsafeMutableBytes { bytes in
                guard let stored = bytes.baseAddress else { return }
                let refused = unsafe VectorConversion.convert(
                    base, count: count, to: .float16, into: stored)
                precondition(refused == nil)
                unsafe VectorConversion.widen(stored, count: count, from: .float16, into: base)
            }
        }
        return vector
    }
}
