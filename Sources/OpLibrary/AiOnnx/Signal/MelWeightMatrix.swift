internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// Weights that bring a spectrum into bins of equal width in mel. https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html
    package struct MelWeightMatrix: Operator {
        package static let schema = OperatorSchema(
            "MelWeightMatrix", since: [17],
            inputs: [
                .one("num_mel_bins", "T1"), .one("dft_length", "T1"), .one("sample_rate", "T1"), .one("lower_edge_hertz", "T2"),
                .one("upper_edge_hertz", "T2"),
            ],
            outputs: [.one("output", "T3")], attributes: [.defaulted("output_datatype", .int(1))],
            types: ["T1": .tensors(.indices), "T2": .tensors(.floats), "T3": .tensors(.numeric)])

        private let type: ElementType

        package init(_ node: NodeReader) throws {
            guard let type = try node.elementType("output_datatype"), ElementTypes.numeric.contains(type) else {
                throw ONNXError(.malformed, "attribute 'output_datatype' is no integer or floating-point type")
            }
            self.type = type
        }

        package func infer(_ types: Inference) throws {
            let bins = try types.ints(0), length = try types.ints(1)
            guard let bins, let length else { return types.set(0, type, [.unknown, .unknown]) }
            guard bins.count == 1, length.count == 1, bins[0] >= 0, length[0] >= 0 else {
                throw ONNXError(.shape, "num_mel_bins is \(bins) and dft_length \(length); one number each, 0 or more, expected")
            }
            types.set(0, type, [length[0] / 2 + 1, bins[0]])
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let (bins, mels) = (y.shape[0], y.shape[1])
            guard let length = try context.input(1).ints().first, let rate = try context.input(2).ints().first, rate > 0 else {
                throw ONNXError(.shape, "sample_rate must be 1 or more")
            }
            let (lower, upper) = (try edge(context, 3), try edge(context, 4))
            let step = (upper - lower) / Double(mels + 2)
            let weights = try context.scratch(Double.self, count: y.count)
            weights.fill(0)
            let place = { (index: Int) -> Int in
                let hertz = 700 * expm1((Double(index) * step + lower) / 2595 * log(10))
                let bin = (Double(length) + 1) * hertz / Double(rate)
                guard bin >= 0, bin < Double(bins) else {
                    throw ONNXError(.shape, "edge \(index) of \(hertz) Hz lies beyond the \(bins) bins of a spectrum sampled at \(rate) Hz")
                }
                return Int(bin)
            }
            for mel in 0..<mels {
                let (low, centre, high) = (try place(mel), try place(mel + 1), try place(mel + 2))
                if low == centre { weights[centre * mels + mel] = 1 }
                for bin in low..<Swift.max(low, centre + 1) where low < centre { weights[bin * mels + mel] = Double(bin - low) / Double(centre - low) }
                for bin in centre..<Swift.max(centre, high) { weights[bin * mels + mel] = Double(high - bin) / Double(high - centre) }
            }
            try Conversion.copy(weights.elements, to: y)
        }

        /// An edge in mel.
        private func edge(_ context: RunContext, _ input: Int) throws -> Double {
            let tensor = try context.input(input)
            guard tensor.count == 1 else { throw ONNXError(.shape, "input \(input) is \(tensor), one number expected") }
            return 2595 * log1p(try Conversion.doubles(tensor, context)[0] / 700) / log(10)
        }
    }
}
