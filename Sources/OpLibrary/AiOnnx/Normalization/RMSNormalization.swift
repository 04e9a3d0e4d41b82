internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Rows of all axes from `axis` on, divided by their root mean square and scaled. https://onnx.ai/onnx/operators/onnx__RMSNormalization.html
    package struct RMSNormalization: Operator {
        package static let schema = OperatorSchema(
            "RMSNormalization", since: [23], inputs: [.one("X", "T"), .one("scale", "V")], outputs: [.one("Y", "V")],
            attributes: [.defaulted("axis", .int(-1)), .defaulted("epsilon", .float(1e-5)), .defaulted("stash_type", .int(1))],
            types: ["T": .tensors(.floats), "V": .tensors(.floats)])

        private let axis: Int
        private let epsilon: Double

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            epsilon = Double(try node.float("epsilon"))
        }

        package func infer(_ types: Inference) throws {
            if let rank = types.shape(0)?.count { _ = try types.axis(axis, rank: rank) }
            if let x = types.type(0)?.knownShape, let scale = types.type(1)?.knownShape, Shape.broadcast(x, scale) != x {
                throw ONNXError(.shape, "scale of shape \(Shape.text(scale)) doesn't broadcast to X of shape \(Shape.text(x))")
            }
            types.set(0, types.element(1), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let (x, scale, output) = (try context.input(0), try context.input(1), try context.output())
            guard let axis = Shape.axis(axis, rank: x.rank) else { throw ONNXError(.shape, "axis \(axis) is out of range for \(x)") }
            let (view, epsilon) = (AxisView(x.shape, flattenedFrom: axis), epsilon)
            if x.elementType == .float, output.elementType == .float, scale.shape.elementsEqual(x.shape[axis...]) {
                return try FloatNormalization(
                    x: try x.elements(), y: try output.elements(), gamma: try scale.elements(), epsilon: Float(epsilon), view: view, isRootMeanSquare: true
                ).run(context)
            }
            let (input, normalized) = (try Conversion.doubles(x, context), try context.scratch(Double.self, count: x.count))
            try context.parallel(view.outer, grain: view.grain) { rows in
                for row in rows {
                    let range = row &* view.extent..<(row &+ 1) &* view.extent
                    let squares = range.reduce(0.0) { $0 + input[$1] * input[$1] }
                    let inverse = 1 / (squares / Double(view.extent) + epsilon).squareRoot()
                    ElementLoop.map(input, to: normalized, in: range) { $0 * inverse }
                }
            }
            let factors = try Conversion.doubles(scale, context)
            try context.zip(normalized.elements, x.shape, factors, scale.shape, to: normalized, x.shape) { $0 * $1 }
            try Conversion.copy(normalized.elements, to: output)
        }
    }
}
