internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// 1 with the probability that the input gives, else 0. https://onnx.ai/onnx/operators/onnx__Bernoulli.html
    package struct Bernoulli: Operator {
        package static let schema = OperatorSchema(
            "Bernoulli", since: [15, 22], inputs: [.one("input", "T1")], outputs: [.one("output", "T2")],
            attributes: [.optional("dtype", .int), .optional("seed", .float)],
            types: ["T1": .tensors(.floats), "T2": .tensors([.numeric, .bool])], isDeterministic: false)

        private let type: ElementType?
        private let seed: UInt64?

        package init(_ node: NodeReader) throws {
            type = try node.randomType([.numeric, .bool])
            seed = node.randomSeed()
        }

        package func infer(_ types: Inference) throws { types.set(0, type ?? types.element(0), types.shape(0)) }

        package func run(_ context: RunContext) throws {
            let probabilities = try Conversion.doubles(try context.input(0), context)
            let output = try context.output()
            try output.elementType.visit(Draw(context: context, probabilities: probabilities, output: output, seed: seed ?? context.nextSeed()))
        }

        private struct Draw: ElementVisitor {
            let context: RunContext
            let probabilities: Elements<Double>
            let output: MutableTensor
            let seed: UInt64
            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (elements, probabilities, stream) = (try output.elements(T.self), probabilities, Philox(seed: seed))
                try context.parallel(elements.count, grain: 1024) { part in
                    for index in part { elements[index] = stream.uniform(index) < probabilities[index] ? 1 : 0 }
                }
            }
        }
    }

    /// Draws classes by their unnormalised log-probabilities. https://onnx.ai/onnx/operators/onnx__Multinomial.html
    package struct Multinomial: Operator {
        package static let schema = OperatorSchema(
            "Multinomial", since: [7, 22], inputs: [.one("input", "T1")], outputs: [.one("output", "T2")],
            attributes: [.defaulted("dtype", .int(6)), .defaulted("sample_size", .int(1)), .optional("seed", .float)],
            types: ["T1": .tensors(.floats), "T2": .tensors(.indices)], isDeterministic: false)

        private let type: ElementType
        private let sampleSize: Int
        private let seed: UInt64?

        package init(_ node: NodeReader) throws {
            type = try node.randomType(.indices) ?? .int32
            sampleSize = try node.int("sample_size")
            guard sampleSize >= 0 else { throw ONNXError(.malformed, "sample_size is \(sampleSize), 0 or more expected") }
            seed = node.randomSeed()
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "input")
            if types.shape(0)?[1] == .known(0) { throw ONNXError(.shape, "the input has no classes") }
            types.set(0, type, types.shape(0).map { [$0[0], .known(sampleSize)] })
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let (logarithms, classes) = (try Conversion.doubles(input, context), input.shape[1])
            let output = try context.output()
            let cumulative = try context.scratch(Double.self, count: classes)
            let stream = Philox(seed: seed ?? context.nextSeed())
            for row in 0..<input.shape[0] {
                try context.checkDeadline()
                let start = row * classes
                let greatest = (start..<start + classes).reduce(-Double.infinity) { Swift.max($0, logarithms[$1]) }
                var sum = 0.0
                for index in 0..<classes {
                    sum += exp(logarithms[start + index] - greatest)
                    cumulative[index] = sum
                }
                guard sum.isFinite else { throw ONNXError(.shape, "row \(row) of the input holds no distribution: its weights sum to \(sum)") }
                for sample in row * sampleSize..<(row + 1) * sampleSize {
                    let drawn = Self.first(above: stream.uniform(sample) * sum, in: cumulative)
                    if type == .int32 {
                        try output.elements(Int32.self)[sample] = Int32(clamping: drawn)
                    } else {
                        try output.elements(Int64.self)[sample] = Int64(drawn)
                    }
                }
            }
        }

        /// The first index whose cumulative weight exceeds `value`.
        private static func first(above value: Double, in cumulative: MutableElements<Double>) -> Int {
            var (low, high) = (0, cumulative.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] > value { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}
