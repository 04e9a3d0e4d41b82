internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The dimensions of a tensor, or a range of them. https://onnx.ai/onnx/operators/onnx__Shape.html
    /// Not called `Shape`, which would hide the type of that name from every operator.
    package struct ShapeOperator: Operator {
        package static let schema = OperatorSchema(
            "Shape", since: [1, 13, 15, 19, 21, 23, 24, 25],
            inputs: [.one("data", "T")], outputs: [.one("shape", "T1")],
            attributes: [.defaulted("start", .int(0), since: 15), .optional("end", .int, since: 15)],
            types: ["T": .tensors(.all), "T1": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        private let start: Int
        private let end: Int

        package init(_ node: NodeReader) throws {
            start = node.optionalInt("start") ?? 0
            end = node.optionalInt("end") ?? .max
        }

        /// The axes asked for; bounds outside of the rank are moved to its ends.
        private func axes(rank: Int) -> Range<Int> {
            func clamped(_ bound: Int) -> Int { Swift.min(Swift.max(bound < 0 ? bound + rank : bound, 0), rank) }
            return clamped(start)..<Swift.max(clamped(start), clamped(end))
        }

        package func infer(_ types: Inference) throws {
            types.set(0, .int64, [types.shape(0).map { .known(axes(rank: $0.count).count) } ?? .unknown])
            guard let shape = types.shape(0) else { return }
            let sizes = shape[axes(rank: shape.count)].compactMap(\.size)
            if sizes.count == axes(rank: shape.count).count { types.setValue(0, try Tensor(sizes.map(Int64.init), shape: [sizes.count])) }
        }

        package func run(_ context: RunContext) throws {
            let shape = try context.input(0).shape
            let sizes = shape[axes(rank: shape.count)]
            let output = try context.output().elements(Int64.self)
            for (index, size) in sizes.enumerated() { output[index] = Int64(size) }
        }
    }

    /// The number of elements of a tensor. https://onnx.ai/onnx/operators/onnx__Size.html
    package struct Size: Operator {
        package static let schema = OperatorSchema(
            "Size", since: [1, 13, 19, 21, 23, 24, 25],
            inputs: [.one("data", "T")], outputs: [.one("size", "T1")], types: ["T": .tensors(.all), "T1": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .int64, [Int]())
            if let shape = types.type(0)?.knownShape { types.setValue(0, try Tensor(scalar: Int64(try Shape.count(shape)))) }
        }

        package func run(_ context: RunContext) throws {
            try context.output().elements(Int64.self)[0] = Int64(try context.input(0).count)
        }
    }
}
