internal import Bytes
internal import Tensors

extension AiOnnxMl {
    /// Takes entries of the last axis by index. https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html
    package struct ArrayFeatureExtractor: Operator {
        package static let schema = OperatorSchema(
            "ArrayFeatureExtractor", domain: domain, since: [1], inputs: [.one("X", "T"), .one("Y", "tensor(int64)")], outputs: [.one("Z", "T")],
            types: ["T": .tensors(.float, .double, .int32, .int64, .string), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...Int.max, "X")
            guard let data = types.shape(0) else { return types.set(0, types.element(0), nil) }
            let count = try types.type(1)?.knownShape.map { Dimension.known(try Shape.count($0)) } ?? .unknown
            // A vector gives a matrix of one row, as the standard's reference has it.
            types.set(0, types.element(0), data.count == 1 ? [.known(1), count] : data.dropLast() + [count])
        }

        package func run(_ context: RunContext) throws {
            let data = try context.input(0)
            let indices = try context.input(1).elements(Int64.self)
            let mover = try ElementMover(context, type: data.elementType)
            if mover.count == 0 { return try mover.finish(context) }
            let extent = data.shape[data.rank - 1]
            let positions = try indices.map { index in
                guard let position = Shape.axis(Int(index), rank: extent) else {
                    throw ONNXError(.shape, "index \(index) is out of range for an axis of extent \(extent)")
                }
                return position
            }
            let source = try ElementMover.Source(data)
            for row in 0..<(mover.count / positions.count) {
                for (place, position) in positions.enumerated() {
                    mover.copy(source, from: row &* extent &+ position, count: 1, to: row &* positions.count &+ place)
                }
            }
            try mover.finish(context)
        }
    }
}
