internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Reverses the first entries of each sequence of a batch. https://onnx.ai/onnx/operators/onnx__ReverseSequence.html
    package struct ReverseSequence: Operator {
        package static let schema = OperatorSchema(
            "ReverseSequence", since: [10, 28],
            inputs: [.one("input", "T"), .one("sequence_lens", "tensor(int64)")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("batch_axis", .int(1)), .defaulted("time_axis", .int(0))],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private let batchAxis: Int
        private let timeAxis: Int

        package init(_ node: NodeReader) throws {
            (batchAxis, timeAxis) = (try node.int("batch_axis"), try node.int("time_axis"))
            guard Set([batchAxis, timeAxis]) == [0, 1] else {
                throw ONNXError(.malformed, "attributes 'batch_axis' and 'time_axis' are \(batchAxis) and \(timeAxis); 0 and 1 or 1 and 0 expected")
            }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "input")
            try types.checkRank(1, 1...1, "sequence_lens")
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let lengths = try context.input(1).ints()
            let (batch, time) = (input.shape[batchAxis], input.shape[timeAxis])
            guard lengths.count == batch, lengths.allSatisfy({ (0...time).contains($0) }) else {
                throw ONNXError(.shape, "sequence lengths \(Shape.text(lengths)) found, \(batch) of 0...\(time) expected")
            }
            let mover = try ElementMover(context, type: input.elementType)
            let (source, strides) = (try ElementMover.Source(input), Shape.strides(input.shape))
            mover.copyAll(source)
            for (sample, length) in lengths.enumerated() where length > 1 {
                var (shape, reversed) = (input.shape, strides)
                (shape[batchAxis], shape[timeAxis]) = (1, length)
                reversed[timeAxis] = -strides[timeAxis]
                let start = sample &* strides[batchAxis]
                try mover.copy(
                    source, shape, from: StridedRegion(start: start &+ (length - 1) &* strides[timeAxis], strides: reversed),
                    to: StridedRegion(start: start, strides: strides), context)
            }
            try mover.finish(context)
        }
    }
}
