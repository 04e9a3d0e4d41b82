internal import GraphIR
internal import Tensors

extension AiOnnxMl {
    /// 1 for what is above a threshold, 0 for the rest. https://onnx.ai/onnx/operators/onnx_aionnxml_Binarizer.html
    package struct Binarizer: Operator {
        package static let schema = OperatorSchema(
            "Binarizer", domain: domain, since: [1], inputs: [.one("X", "T")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("threshold", .float(0))], types: ["T": .tensors(.float, .double, .int32, .int64)])

        private let threshold: Float

        package init(_ node: NodeReader) throws { threshold = try node.float("threshold") }

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), types.shape(0)) }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try x.elementType.visit(Visitor(x: x, threshold: Double(threshold), output: try context.output()))
        }

        private struct Visitor: ElementVisitor {
            let x: Tensor
            let threshold: Double
            let output: MutableTensor

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (source, target) = (try x.elements(T.self), try output.elements(T.self))
                for index in target.indices { target[index] = T(saturating: source[index].asDouble > threshold ? 1 : 0) }
            }
        }
    }
}
