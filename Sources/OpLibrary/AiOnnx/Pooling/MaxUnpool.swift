internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Puts pooled elements back where MaxPool found them, among zeros. https://onnx.ai/onnx/operators/onnx__MaxUnpool.html
    package struct MaxUnpool: Operator {
        package static let schema = OperatorSchema(
            "MaxUnpool", since: [9, 11, 22],
            inputs: [.one("X", "T1"), .one("I", "T2"), .optional("output_shape", "T2")], outputs: [.one("output", "T1")],
            attributes: [.required("kernel_shape", .ints), .optional("pads", .ints), .optional("strides", .ints)],
            types: ["T1": .tensors(.floats), "T2": .tensors(.int64)])

        private let attributes: WindowAttributes
        private let hasShape: Bool

        package init(_ node: NodeReader) throws {
            attributes = try WindowAttributes(node)
            hasShape = node.hasInput(2)
        }

        package func infer(_ types: Inference) throws {
            let (x, indices) = (types.shape(0), types.shape(1))
            if let x, let indices, x.count != indices.count || zip(x, indices).contains(where: { $0.size != nil && $1.size != nil && $0 != $1 }) {
                throw ONNXError(.shape, "'I' is \(types.type(1)?.description ?? ""), which must have the shape of 'X', \(types.type(0)?.description ?? "")")
            }
            let natural = try x.map(natural)
            guard hasShape else { return types.set(0, types.element(0), natural) }
            guard let wanted = try types.ints(2) else { return types.set(0, types.element(0), natural?.map { _ in .unknown }) }
            if let natural {
                guard wanted.count == natural.count, zip(wanted, natural).allSatisfy({ wanted, natural in natural.size.map { wanted >= $0 } ?? true }) else {
                    throw ONNXError(
                        .shape, "output_shape is \(Shape.text(wanted)); [\(natural.map(\.description).joined(separator: ","))] or more expected")
                }
            }
            guard wanted.allSatisfy({ $0 >= 0 }) else { throw ONNXError(.shape, "output_shape \(Shape.text(wanted)) has a negative extent") }
            types.set(0, types.element(0), wanted)
        }

        /// The shape of what was pooled, as far as the attributes tell.
        private func natural(_ x: [Dimension]) throws -> [Dimension] {
            guard x.count >= 3, let kernel = attributes.kernel else { throw ONNXError(.shape, "'X' has rank \(x.count), rank 3 or more expected") }
            try attributes.checkRank(x.count - 2)
            return try x[..<2]
                + kernel.indices.map { axis in
                    guard let pooled = x[axis + 2].size else { return .unknown }
                    try WindowAttributes.check(pooled, "image", axis)
                    let padding = attributes.before(axis) + attributes.after(axis)
                    let extent = (pooled - 1) * attributes.stride(axis) + kernel[axis] - padding
                    guard extent >= 1 else { throw ONNXError(.shape, "padding of \(padding) leaves nothing of spatial axis \(axis)") }
                    return .known(extent)
                }
        }

        package func run(_ context: RunContext) throws {
            let (x, y) = (try context.input(0), try context.output())
            let natural = try natural(x.shape.map(Dimension.known)).compactMap(\.size)
            let limit = try Shape.count(natural)
            try x.elementType.visitFloat(Placement(x: x, indices: try context.input(1), y: y, natural: natural, limit: limit))
        }

        private struct Placement: FloatVisitor {
            let x: Tensor
            let indices: Tensor
            let y: MutableTensor
            let natural: [Int]
            let limit: Int

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (x, places, output) = (try x.elements(T.self), try indices.elements(Int64.self), try y.elements(T.self))
                guard x.count == places.count else { throw ONNXError(.shape, "\(places.count) indices for \(x.count) elements") }
                output.fill(0)
                for (value, place) in zip(x, places) {
                    guard place >= 0, place < limit else { throw ONNXError(.shape, "index \(place) is out of range for \(limit) elements") }
                    var (rest, target, stride) = (Int(place), 0, 1)
                    for axis in natural.indices.reversed() {
                        target += rest % natural[axis] * stride
                        rest /= natural[axis]
                        stride *= y.shape[axis]
                    }
                    output[target] = value
                }
            }
        }
    }
}
