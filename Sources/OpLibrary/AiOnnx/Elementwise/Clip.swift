internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Limits elements from below and above; the upper limit wins. https://onnx.ai/onnx/operators/onnx__Clip.html
    package struct Clip: Operator {
        package static let schema = OperatorSchema(
            "Clip", since: [6, 11, 12, 13],
            inputs: [.one("input", "T"), .optional("min", "T", since: 11), .optional("max", "T", since: 11)], outputs: [.one("output", "T")],
            attributes: [
                .defaulted("max", .float(.greatestFiniteMagnitude), until: 10), .defaulted("min", .float(-.greatestFiniteMagnitude), until: 10),
            ],
            types: ["T": .tensors(.numeric)])

        private let attributeLimits: (min: Float, max: Float)?

        package init(_ node: NodeReader) throws {
            attributeLimits = node.version < 11 ? (try node.float("min"), try node.float("max")) : nil
        }

        package func infer(_ types: Inference) throws {
            for index in 1..<3 where types.shape(index)?.contains(where: { $0.size.map { $0 != 1 } ?? false }) == true {
                throw ONNXError(.shape, "'\(index == 1 ? "min" : "max")' has shape \(types.type(index)?.description ?? ""), one element expected")
            }
            types.set(0, types.element(0), types.shape(0))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try x.elementType.visit(Limiter(context: context, x: x, attributeLimits: attributeLimits))
        }

        private struct Limiter: ElementVisitor {
            let context: RunContext
            let x: Tensor
            let attributeLimits: (min: Float, max: Float)?

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let low = try limit(1, T.self) ?? attributeLimits.map { T(saturating: Double($0.min)) } ?? T.lowest
                let high = try limit(2, T.self) ?? attributeLimits.map { T(saturating: Double($0.max)) } ?? T.highest
                try context.map(try x.elements(T.self), to: try context.output().elements(T.self)) { value in
                    let raised = value < low ? low : value
                    return raised > high ? high : raised
                }
            }

            private func limit<T: Arithmetic>(_ index: Int, _ type: T.Type) throws -> T? {
                guard let tensor = try context.optionalInput(index) else { return nil }
                guard tensor.count == 1 else { throw ONNXError(.shape, "input \(index) has \(tensor.count) elements, 1 expected") }
                return try tensor.elements(T.self)[0]
            }
        }
    }
}
