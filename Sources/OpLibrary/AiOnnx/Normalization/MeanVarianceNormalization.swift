internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Brings the elements over some axes to mean 0 and variance 1. https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html
    package struct MeanVarianceNormalization: Operator {
        package static let schema = OperatorSchema.unary(
            "MeanVarianceNormalization", since: [9, 13], attributes: [.defaulted("axes", .ints([0, 2, 3]))])
        /// What the standard's function body adds to the deviation.
        private static let epsilon = 1e-9

        private let axes: [Int]

        package init(_ node: NodeReader) throws { axes = try node.ints("axes") }

        package func infer(_ types: Inference) throws {
            if let rank = types.shape(0)?.count { for axis in axes { _ = try types.axis(axis, rank: rank) } }
            types.set(0, types.element(0), types.shape(0))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let plan = ReductionPlan(x.shape, axes: axes.isEmpty ? Array(x.shape.indices) : axes.compactMap { Shape.axis($0, rank: x.rank) })
            let (input, result) = (try Conversion.doubles(x, context), try context.scratch(Double.self, count: x.count))
            try context.parallel(plan.reducedCount == 0 ? 0 : plan.outputCount, grain: Swift.max(1, ElementLoop.grain / 4 / Swift.max(1, plan.reducedCount))) {
                for output in $0 {
                    let base = plan.base(output)
                    var sum = 0.0
                    for element in 0..<plan.reducedCount { sum += input[base &+ plan.offset(element)] }
                    let mean = sum / Double(plan.reducedCount)
                    var squares = 0.0
                    for element in 0..<plan.reducedCount {
                        let difference = input[base &+ plan.offset(element)] - mean
                        squares += difference * difference
                    }
                    let deviation = (squares / Double(plan.reducedCount)).squareRoot() + Self.epsilon
                    for element in 0..<plan.reducedCount {
                        let index = base &+ plan.offset(element)
                        result[index] = (input[index] - mean) / deviation
                    }
                }
            }
            try Conversion.copy(result.elements, to: try context.output())
        }
    }
}
