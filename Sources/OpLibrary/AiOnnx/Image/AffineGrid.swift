internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The points that an affine map takes the points of a regular grid to. https://onnx.ai/onnx/operators/onnx__AffineGrid.html
    package struct AffineGrid: Operator {
        package static let schema = OperatorSchema(
            "AffineGrid", since: [20], inputs: [.one("theta", "T1"), .one("size", "T2")], outputs: [.one("grid", "T1")],
            attributes: [.defaulted("align_corners", .int(0))], types: ["T1": .tensors(.floats), "T2": .tensors(.int64)])

        private let alignsCorners: Bool

        package init(_ node: NodeReader) throws { alignsCorners = try node.flag("align_corners") }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...3, "theta")
            let theta = types.shape(0)
            guard let size = try types.ints(1) else {
                let axes = theta?[1].size.flatMap { (2...3).contains($0) ? $0 : nil }
                let shape = axes.map { axes in [theta?[0] ?? .unknown] + (0..<axes).map { _ in Dimension.unknown } + [.known(axes)] }
                return types.set(0, types.element(0), shape)
            }
            guard (4...5).contains(size.count), size.allSatisfy({ $0 >= 0 }) else {
                throw ONNXError(.shape, "'size' is \(Shape.text(size)); 4 or 5 extents expected: N, C, then D (for volumes), H and W")
            }
            let axes = size.count - 2
            if let theta {
                for (found, expected) in zip(theta, [size[0], axes, axes + 1]) where found.size.map({ $0 != expected }) ?? false {
                    let text = theta.map(\.description).joined(separator: ",")
                    throw ONNXError(.shape, "'theta' has shape [\(text)]; [\(size[0]),\(axes),\(axes + 1)] expected for size \(Shape.text(size))")
                }
            }
            types.set(0, types.element(0), [size[0]] + size[2...] + [axes])
        }

        package func run(_ context: RunContext) throws {
            let theta = try context.input(0)
            try theta.elementType.visitFloat(Points(theta: theta, y: try context.output(), alignsCorners: alignsCorners))
        }

        private struct Points: FloatVisitor {
            let theta: Tensor
            let y: MutableTensor
            let alignsCorners: Bool

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (map, output) = (try theta.elements(T.self), try y.elements(T.self))
                guard output.count > 0 else { return }
                let axes = y.shape.count - 2
                let extents = Array(y.shape[1...axes])
                let count = Shape.product(extents)
                var point = [Double](repeating: 1, count: axes + 1)
                for index in 0..<y.shape[0] * count {
                    let (batch, rest) = index.quotientAndRemainder(dividingBy: count)
                    var place = rest
                    for axis in extents.indices.reversed() {
                        point[axes - 1 - axis] = coordinate(place % extents[axis], extents[axis])
                        place /= extents[axis]
                    }
                    for row in 0..<axes {
                        var sum = 0.0
                        for column in 0...axes { sum += Double(map[(batch * axes + row) * (axes + 1) + column]) * point[column] }
                        output[index * axes + row] = T(sum)
                    }
                }
            }

            private func coordinate(_ index: Int, _ extent: Int) -> Double {
                if alignsCorners { return extent == 1 ? 0 : -1 + 2 * Double(index) / Double(extent - 1) }
                return -1 + (2 * Double(index) + 1) / Double(extent)
            }
        }
    }
}
