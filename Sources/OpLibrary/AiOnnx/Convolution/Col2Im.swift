internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Adds up the windows of an image from their columns. https://onnx.ai/onnx/operators/onnx__Col2Im.html
    package struct Col2Im: Operator {
        package static let schema = OperatorSchema(
            "Col2Im", since: [18],
            inputs: [.one("input", "T"), .one("image_shape", "tensor(int64)"), .one("block_shape", "tensor(int64)")], outputs: [.one("output", "T")],
            attributes: [.optional("dilations", .ints), .optional("pads", .ints), .optional("strides", .ints)],
            types: ["T": .tensors(Resampling.types), "tensor(int64)": .tensors(.int64)])

        private let attributes: WindowAttributes

        package init(_ node: NodeReader) throws { attributes = try WindowAttributes(node) }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...3, "input")
            if let type = types.element(0), [.bool, .string, .complex64, .complex128].contains(type) {
                throw ONNXError(.unsupported, "\(type) can't be added; an integer or floating-point type expected")
            }
            let input = types.shape(0)
            guard let image = try types.ints(1), let block = try types.ints(2) else { return types.set(0, types.element(0), nil) }
            let windows = try windows(image: image, block: block)
            if let columns = input?[2].size, columns != windows.outputCount {
                throw ONNXError(.shape, "'input' has \(columns) windows; \(windows.outputCount) expected, \(Shape.text(windows.output))")
            }
            let channels = try input?[1].size.map { rows in
                guard rows % windows.tapCount == 0 else {
                    throw ONNXError(.shape, "'input' has \(rows) rows, a multiple of the block's \(windows.tapCount) elements expected")
                }
                return Dimension.known(rows / windows.tapCount)
            }
            types.set(0, types.element(0), [input?[0] ?? .unknown, channels ?? .unknown] + image.map(Dimension.known))
        }

        private func windows(image: [Int], block: [Int]) throws -> Windows {
            guard image.count == block.count, !image.isEmpty else {
                throw ONNXError(.shape, "image_shape \(Shape.text(image)) and block_shape \(Shape.text(block)) don't have one extent an axis each")
            }
            return try Windows(attributes, input: image, kernel: block)
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let windows = try windows(image: try context.input(1).ints(), block: try context.input(2).ints())
            try y.elementType.visit(Sum(x: try context.input(0), y: y, windows: windows, context: context))
        }

        private struct Sum: ElementVisitor {
            let x: Tensor
            let y: MutableTensor
            let windows: Windows
            let context: RunContext

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (input, output, windows) = (try x.elements(T.self), try y.elements(T.self), windows)
                try context.parallel(y.shape[0] * y.shape[1], grain: Swift.max(1, 65_536 / (windows.tapCount * windows.outputCount))) { planes in
                    for plane in planes {
                        output.fill(.zero, in: plane * windows.inputCount..<(plane + 1) * windows.inputCount)
                        for tap in 0..<windows.tapCount {
                            windows.forEachRun(of: tap) { element, window, count in
                                ElementLoop.merge(
                                    input, from: (plane * windows.tapCount + tap) * windows.outputCount + window,
                                    into: output, at: plane * windows.inputCount + element, pace: windows.step, count: count, T.add)
                            }
                        }
                    }
                }
            }
        }
    }
}
