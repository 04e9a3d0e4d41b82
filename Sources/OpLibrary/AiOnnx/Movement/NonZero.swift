internal import Tensors

extension AiOnnx {
    /// The indices of elements that are not zero, one row an axis; a scalar counts as having one. https://onnx.ai/onnx/operators/onnx__NonZero.html
    package struct NonZero: Operator {
        package static let schema = OperatorSchema(
            "NonZero", since: [9, 13],
            inputs: [.one("X", "T")], outputs: [.one("Y", "tensor(int64)")],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .int64, types.shape(0).map { [.known(Swift.max(1, $0.count)), .unknown] })
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let shape = x.rank == 0 ? [1] : x.shape
            let found = x.elementType == .string ? try nonEmpty(x.stringArray()) : try x.elementType.visit(Visitor(x: x))
            let y = try context.allocate(0, .int64, [shape.count, found.count]).elements(Int64.self)
            let strides = Shape.strides(shape)
            for (column, index) in found.enumerated() {
                for axis in shape.indices { y[axis * found.count + column] = Int64(index / strides[axis] % shape[axis]) }
            }
        }

        private func nonEmpty(_ strings: [String]) -> [Int] { strings.indices.filter { !strings[$0].isEmpty } }

        private struct Visitor: ElementVisitor {
            let x: Tensor
            func visit<T: Arithmetic>(_ type: T.Type) throws -> [Int] {
                let elements = try x.elements(T.self)
                return elements.indices.filter { elements[$0] != .zero }
            }
        }
    }
}
