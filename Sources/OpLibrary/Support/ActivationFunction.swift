internal import CKernels

/// The activations that kernels compute, alone or at the end of a product, under the names that fused operators give them.
package enum ActivationFunction: String, CaseIterable, Sendable {
    case identity, relu, gelu, geluTanh = "gelu_tanh", silu, tanh, sigmoid

    var kernel: ck_unary {
        switch self {
        case .identity: CK_IDENTITY
        case .relu: CK_RELU
        case .gelu: CK_GELU_ERF
        case .geluTanh: CK_GELU_TANH
        case .silu: CK_SILU
        case .tanh: CK_TANH
        case .sigmoid: CK_SIGMOID
        }
    }
}
