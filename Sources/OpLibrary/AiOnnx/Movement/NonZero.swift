internal import Tensors

extension AiOnnx {
    /// The indices of elements that are not zero, one row an axis. https://onnx.ai/onnx/operators/onnx__NonZero.html
    package struct NonZero: Operator {
        package static let schema = OperatorSchema(
            "NonZero", since: [9, 13],
            inputs: [.one("X", "T")], outputs: [.one("Y", "tensor(int64)")],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .int64, types.shape(0).map { [.known($0.count), .unknown] })
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let found =
                x.elementType == .string ? try x.stringArray().indices.filter { try !x.stringArray()[$0].isEmpty } : try x.elementType.visit(Visitor(x: x))
            let y = try context.allocate(0, .int64, [x.rank, found.count]).elements(Int64.self)
            let strides = Shape.strides(x.shape)
            for (column, index) in found.enumerated() {
                for axis in 0..<x.rank { y[axis * found.count + column] = Int64(index / strides[axis] % x.shape[axis]) }
            }
        }

        private struct Visitor: ElementVisitor {
            let x: Tensor
            func visit<T: Arithmetic>(_ type: T.Type) throws -> [Int] {
                let elements = try x.elements(T.self)
                return elements.indices.filter { elements[$0] != .zero }
            }
        }
    }
}
