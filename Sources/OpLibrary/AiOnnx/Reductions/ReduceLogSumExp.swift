internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// Logarithms of sums of exponentials, without overflow; of nothing -infinity. https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html
    package struct ReduceLogSumExp: Operator {
        package static let schema = OperatorSchema.reduction("ReduceLogSumExp", since: [1, 11, 13, 18, 28], types: .reducible)
        private let axes: ReductionAxes

        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }

        package func infer(_ types: Inference) throws { try axes.infer(types) }

        package func run(_ context: RunContext) throws {
            let (x, output) = (try context.input(0), try context.output())
            let plan = ReductionPlan(x.shape, axes: try axes.axes(context))
            let (input, result) = (try Conversion.doubles(x, context), try context.scratch(Double.self, count: output.count))
            try context.parallel(plan.outputCount, grain: Swift.max(1, ElementLoop.grain / 8 / Swift.max(1, plan.reducedCount))) { outputs in
                for output in outputs {
                    let base = plan.base(output)
                    var greatest = -Double.infinity
                    for element in 0..<plan.reducedCount { greatest = Double.greater(greatest, input[base &+ plan.offset(element)]) }
                    guard greatest.isFinite else {
                        result[output] = greatest
                        continue
                    }
                    var sum = 0.0
                    for element in 0..<plan.reducedCount { sum += exp(input[base &+ plan.offset(element)] - greatest) }
                    result[output] = greatest + log(sum)
                }
            }
            try Conversion.copy(result.elements, to: output)
        }
    }
}
