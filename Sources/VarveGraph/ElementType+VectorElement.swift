// One thing, two words: what the format calls an element type, the kernels call a vector element.

public import VarveFormat
public import VarveKernels

extension ElementType {
    /// The kernels' word for it.
    public var vectorElement: VectorElement {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .uint8: .uint8
        case .int8: .int8
        }
    }
}
