internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The upper or lower triangles of matrices, zeros elsewhere. https://onnx.ai/onnx/operators/onnx__Trilu.html
    package struct Trilu: Operator {
        package static let schema = OperatorSchema(
            "Trilu", since: [14],
            inputs: [.one("input", "T"), .optional("k", "tensor(int64)")], outputs: [.one("output", "T")],
            attributes: [.defaulted("upper", .int(1))], types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private let isUpper: Bool

        package init(_ node: NodeReader) throws { isUpper = try node.flag("upper") }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "input")
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let offsets = try context.optionalInput(1)?.ints() ?? [0]
            guard offsets.count == 1 else { throw ONNXError(.shape, "'k' has \(offsets.count) elements, 1 expected") }
            let (rows, columns) = (input.shape[input.rank - 2], input.shape[input.rank - 1])
            let diagonal = Swift.max(-rows, Swift.min(offsets[0], columns))
            let mover = try ElementMover(context, type: input.elementType)
            let source = try ElementMover.Source(input)
            try mover.fill(nil, context)
            for row in 0..<(columns == 0 ? 0 : input.count / columns) {
                let cut = Swift.max(0, Swift.min(row % rows + diagonal + (isUpper ? 0 : 1), columns))
                let kept = isUpper ? cut..<columns : 0..<cut
                mover.copy(source, from: row &* columns &+ kept.lowerBound, count: kept.count, to: row &* columns &+ kept.lowerBound)
            }
            try mover.finish(context)
        }
    }

    /// A matrix of zeros with ones on a diagonal. https://onnx.ai/onnx/operators/onnx__EyeLike.html
    package struct EyeLike: Operator {
        package static let schema = OperatorSchema(
            "EyeLike", since: [9, 22],
            inputs: [.one("input", "T1")], outputs: [.one("output", "T2")],
            attributes: [.optional("dtype", .int), .defaulted("k", .int(0))],
            types: ["T1": .tensors([.numeric, .bool]), "T2": .tensors([.numeric, .bool])])

        private let type: ElementType?
        private let offset: Int

        package init(_ node: NodeReader) throws {
            type = try node.elementType("dtype")
            offset = try node.int("k")
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "input")
            types.set(0, type ?? types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let output = try context.output()
            try output.elementType.visit(Visitor(output: output, offset: offset))
        }

        private struct Visitor: ElementVisitor {
            let output: MutableTensor
            let offset: Int

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let elements = try output.elements(T.self)
                let (rows, columns) = (output.shape[0], output.shape[1])
                let diagonal = Swift.max(-rows, Swift.min(offset, columns))
                elements.fill(.zero)
                for row in 0..<(columns == 0 ? 0 : rows) where (0..<columns).contains(row + diagonal) {
                    elements[row &* columns &+ row &+ diagonal] = T(saturating: 1)
                }
            }
        }
    }
}
