internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Divides rows along an axis by their norm; rows of norm 0 give 0. https://onnx.ai/onnx/operators/onnx__LpNormalization.html
    package struct LpNormalization: Operator {
        package static let schema = OperatorSchema.unary(
            "LpNormalization", "input", "output", since: [1, 22], attributes: [.defaulted("axis", .int(-1)), .defaulted("p", .int(2))])

        private let axis: Int
        private let isEuclidean: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            let order = try node.int("p")
            guard order == 1 || order == 2 else { throw ONNXError(.unsupported, "p is \(order); 1 or 2 expected") }
            isEuclidean = order == 2
        }

        package func infer(_ types: Inference) throws {
            if let rank = types.shape(0)?.count { _ = try types.axis(axis, rank: rank) }
            types.set(0, types.element(0), types.shape(0))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            guard let axis = Shape.axis(axis, rank: x.rank) else { throw ONNXError(.shape, "axis \(axis) is out of range for \(x)") }
            try x.elementType.visitFloat(Rows(context: context, x: x, view: AxisView(x.shape, axis: axis), isEuclidean: isEuclidean))
        }

        private struct Rows: FloatVisitor {
            let context: RunContext
            let x: Tensor
            let view: AxisView
            let isEuclidean: Bool

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (input, output, view, isEuclidean) = (try x.elements(T.self), try context.output().elements(T.self), view, isEuclidean)
                try context.parallel(view.rowCount, grain: view.grain) { rows in
                    for row in rows {
                        let start = view.start(row)
                        var sum = 0.0
                        for index in 0..<view.extent {
                            let value = Double(input[start &+ index &* view.inner])
                            sum += isEuclidean ? value * value : value.magnitude
                        }
                        let norm = isEuclidean ? sum.squareRoot() : sum
                        for index in 0..<view.extent {
                            let place = start &+ index &* view.inner
                            output[place] = norm == 0 ? 0 : T(Double(input[place]) / norm)
                        }
                    }
                }
            }
        }
    }
}
