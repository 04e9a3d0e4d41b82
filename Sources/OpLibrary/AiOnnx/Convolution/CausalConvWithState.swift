internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// A depthwise convolution over a sequence that sees only what came before. https://onnx.ai/onnx/operators/onnx__CausalConvWithState.html
    package struct CausalConvWithState: Operator {
        package static let schema = OperatorSchema(
            "CausalConvWithState", since: [27],
            inputs: [.one("input", "T"), .one("weight", "T"), .optional("bias", "T"), .optional("past_state", "T")],
            outputs: [.one("output", "T"), .one("present_state", "T")], attributes: [.defaulted("activation", .string("none"))],
            types: ["T": .tensors(.float, .float16, .bfloat16)])

        private enum Activation: String, CaseIterable {
            case none, silu, swish
        }

        private let isActivated: Bool

        package init(_ node: NodeReader) throws { isActivated = try node.choice("activation", Activation.self) != .none }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...3, "input")
            let (x, taps) = (types.shape(0), types.shape(1)?.last?.size)
            if let taps, taps < 1 { throw ONNXError(.shape, "'weight' has \(taps) taps, 1 or more expected") }
            try RecurrentAttributes.check(types, 1, "weight", [x?[1].size, 1, nil])
            try RecurrentAttributes.check(types, 2, "bias", [x?[1].size])
            try RecurrentAttributes.check(types, 3, "past_state", [x?[0].size, x?[1].size, taps.map { $0 - 1 }])
            types.set(0, types.element(0), x)
            types.set(1, types.element(0), [x?[0] ?? .unknown, x?[1] ?? .unknown, taps.map { .known($0 - 1) } ?? .unknown])
        }

        package func run(_ context: RunContext) throws {
            let (tensor, weights) = (try context.input(0), try context.input(1))
            let (x, w) = (try tensor.elements(Float.self), try weights.elements(Float.self))
            let (bias, past) = (try context.optionalInput(2)?.elements(Float.self), try context.optionalInput(3)?.elements(Float.self))
            let (output, state) = (try context.output(0).elements(Float.self), try context.output(1).elements(Float.self))
            guard output.count > 0 || state.count > 0 else { return }
            let (channels, length, taps, isActivated) = (tensor.shape[1], tensor.shape[2], weights.shape[2], isActivated)
            try context.parallel(tensor.shape[0] * channels, grain: Swift.max(1, 16_384 / Swift.max(1, length * taps))) { rows in
                for row in rows {
                    /// The element `place` steps after the start of the input, before which the state stands.
                    func element(_ place: Int) -> Float {
                        place >= 0 ? x[row * length + place] : past?[row * (taps - 1) + taps - 1 + place] ?? 0
                    }
                    for position in 0..<length {
                        var sum: Float = bias?[row % channels] ?? 0
                        for tap in 0..<taps { sum += w[row % channels * taps + tap] * element(position + tap - (taps - 1)) }
                        output[row * length + position] = isActivated ? sum / (1 + exp(-sum)) : sum
                    }
                    for place in 0..<taps - 1 { state[row * (taps - 1) + place] = element(length - (taps - 1) + place) }
                }
            }
        }
    }
}
