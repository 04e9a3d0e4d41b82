internal import CKernels
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// One of the activations that ONNX spells as several operators, on floats.
    package struct Activation: FusedOperator {
        package static let schema = OperatorSchema(
            "Activation", domain: Fused.domain, since: [1],
            inputs: [.one("X", "T")], outputs: [.one("Y", "T")],
            attributes: [.required("function", .string)], types: ["T": .tensors(.float)])

        private let function: ActivationFunction

        package init(_ node: NodeReader) throws { function = try node.choice("function") }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            return Self.function(["X"], try reader.choice("function", ActivationFunction.self).nodes(from: "X", to: "Y"))
        }

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), types.shape(0)) }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { .axis(axis) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0).elements(Float.self)
            let y = try context.output().elements(Float.self)
            let kernel = function.kernel
            try context.parallel(x.count, grain: 16_384) { range in
                unsafe x.withPointer(range) { x in
                    unsafe y.withPointer(range) { y in unsafe ck_kernels().pointee.unary_f32(kernel, x, y, range.count) }
                }
            }
        }
    }
}

extension ActivationFunction {
    /// The same in ONNX's operators, from X to Y.
    func nodes(from x: String, to y: String) -> [Node] {
        switch self {
        case .identity: [Node("Identity", inputs: [x], outputs: [y])]
        case .relu: [Node("Relu", inputs: [x], outputs: [y])]
        case .gelu: [Node("Gelu", inputs: [x], outputs: [y])]
        case .geluTanh: [Node("Gelu", inputs: [x], outputs: [y], attributes: ["approximate": .string("tanh")])]
        case .silu: [Node("Sigmoid", inputs: [x], outputs: [y + "_gate"]), Node("Mul", inputs: [x, y + "_gate"], outputs: [y])]
        case .tanh: [Node("Tanh", inputs: [x], outputs: [y])]
        case .sigmoid: [Node("Sigmoid", inputs: [x], outputs: [y])]
        }
    }
}
