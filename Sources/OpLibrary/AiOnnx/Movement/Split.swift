internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Cuts a tensor into parts along an axis. https://onnx.ai/onnx/operators/onnx__Split.html
    package struct Split: Operator {
        package static let schema = OperatorSchema(
            "Split", since: [2, 11, 13, 18],
            inputs: [.one("input", "T"), .optional("split", "tensor(int64)", since: 13)], outputs: [.variadic("outputs", "T")],
            attributes: [.defaulted("axis", .int(0)), .optional("split", .ints, until: 12), .optional("num_outputs", .int, since: 18)],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int
        private let lengths: [Int]?
        private let hasLengthsInput: Bool
        /// Whether a last part may be shorter than the others.
        private let isUneven: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            lengths = node.optionalInts("split")
            hasLengthsInput = node.hasInput(1)
            isUneven = node.version >= 18
            guard isUneven else { return }
            guard let count = node.optionalInt("num_outputs") else {
                guard hasLengthsInput else { throw ONNXError(.malformed, "neither input 'split' nor attribute 'num_outputs' is given") }
                return
            }
            guard !hasLengthsInput else { throw ONNXError(.malformed, "both input 'split' and attribute 'num_outputs' are given") }
            guard count == node.outputCount else {
                throw ONNXError(.malformed, "attribute 'num_outputs' is \(count), the node has \(node.outputCount) outputs")
            }
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard let rank = types.shape(0)?.count, let own = Shape.axis(self.axis, rank: rank), axis != own else { return .mixed }
            return input == 0 ? .axis(axis) : .whole
        }

        package func infer(_ types: Inference) throws {
            guard var shape = types.shape(0) else { return (0..<types.outputCount).forEach { types.set($0, types.element(0), nil) } }
            let axis = try types.axis(axis, rank: shape.count)
            let parts = try parts(try lengths ?? types.ints(1), of: shape[axis].size, count: types.outputCount)
            for output in 0..<types.outputCount {
                shape[axis] = parts.map { .known($0[output]) } ?? .unknown
                types.set(output, types.element(0), shape)
            }
        }

        /// The length of each part, where it is known.
        private func parts(_ lengths: [Int]?, of extent: Int?, count: Int) throws -> [Int]? {
            if let lengths {
                guard lengths.count == count, lengths.allSatisfy({ $0 >= 0 }) else {
                    throw ONNXError(.shape, "split \(Shape.text(lengths)) found, \(count) lengths of 0 or more expected")
                }
                let sum = try lengths.reduce(0) { try $0.plus($1) }
                guard extent == nil || sum == extent else {
                    throw ONNXError(.shape, "split \(Shape.text(lengths)) adds up to \(sum), the axis has \(extent ?? 0)")
                }
                return lengths
            }
            guard !hasLengthsInput, let extent else { return nil }
            guard isUneven || extent % count == 0 else { throw ONNXError(.shape, "extent \(extent) can't be split into \(count) equal parts") }
            let length = extent / count + (extent % count == 0 ? 0 : 1)
            let last = extent - length * (count - 1)
            guard last >= 0 else { throw ONNXError(.shape, "extent \(extent) can't be split into \(count) parts of \(length)") }
            return Array(repeating: length, count: count - 1) + [last]
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let axis = axis < 0 ? axis + input.rank : axis
            let (source, strides) = (try ElementMover.Source(input), Shape.strides(input.shape))
            var start = 0
            for output in 0..<context.outputCount {
                guard let shape = context.outputType(output)?.knownShape else { throw ONNXError(.shape, "the lengths of the parts are not known") }
                if context.isWanted(output) {
                    let mover = try ElementMover(context, output: output, type: input.elementType)
                    try mover.copy(source, shape, from: StridedRegion(start: start, strides: strides), to: StridedRegion(contiguous: shape), context)
                    try mover.finish(context)
                }
                start &+= shape[axis] &* strides[axis]
            }
        }
    }
}
