internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The discrete Fourier transform along an axis. https://onnx.ai/onnx/operators/onnx__DFT.html
    package struct DFT: Operator {
        package static let schema = OperatorSchema(
            "DFT", since: [17, 20],
            inputs: [.one("input", "T1"), .optional("dft_length", "T2"), .optional("axis", "tensor(int64)", since: 20)], outputs: [.one("output", "T1")],
            attributes: [.defaulted("axis", .int(1), until: 19), .defaulted("inverse", .int(0)), .defaulted("onesided", .int(0))],
            types: ["T1": .tensors(.floats), "T2": .tensors(.indices), "tensor(int64)": .tensors(.int64)])

        private let axis: Int?
        private let isInverse: Bool
        private let isOneSided: Bool

        package init(_ node: NodeReader) throws {
            axis = node.optionalInt("axis")
            (isInverse, isOneSided) = (try node.flag("inverse"), try node.flag("onesided"))
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "input")
            guard let x = types.shape(0) else { return types.set(0, types.element(0), nil) }
            if let parts = x[x.count - 1].size { try Self.checkParts(parts) }
            var y = x
            y[x.count - 1] = .known(isInverse && isOneSided ? 1 : 2)
            guard types.type(2) == nil || types.constant(2) != nil else {
                return types.set(0, types.element(0), y.dropLast().map { _ in .unknown } + [y[x.count - 1]])
            }
            let axis = try axis(types.constant(2), rank: x.count)
            guard types.type(1) == nil || types.constant(1) != nil else {
                y[axis] = .unknown
                return types.set(0, types.element(0), y)
            }
            y[axis] = try x[axis].size.map { .known(bins(try length(types.constant(1), extent: $0))) } ?? .unknown
            types.set(0, types.element(0), y)
        }

        /// Throws `.shape` unless a number has one or two parts.
        static func checkParts(_ parts: Int) throws {
            guard (1...2).contains(parts) else { throw ONNXError(.shape, "the last axis has \(parts) elements; 1 (real) or 2 (complex) expected") }
        }

        private func axis(_ tensor: Tensor?, rank: Int) throws -> Int {
            let given = try tensor?.ints().first ?? axis ?? -2
            guard let index = Shape.axis(given, rank: rank), index < rank - 1 else {
                throw ONNXError(.shape, "axis \(given) is out of range; \(-rank)...-2 or 0...\(rank - 2) expected")
            }
            return index
        }

        /// The length of the transform of `extent` elements.
        private func length(_ tensor: Tensor?, extent: Int) throws -> Int {
            let given = try tensor.flatMap { try $0.ints().first }
            let length = given ?? (isInverse && isOneSided ? 2 * (Swift.min(extent, 1 << 40) - 1) : extent)
            guard length >= 1, length <= 1 << 40 else { throw ONNXError(length < 1 ? .shape : .limit, "dft_length is \(length), 1 or more expected") }
            return length
        }

        private func bins(_ length: Int) -> Int { isOneSided && !isInverse ? length / 2 + 1 : length }

        package func run(_ context: RunContext) throws {
            let (x, y) = (try context.input(0), try context.output())
            guard y.count > 0 else { return }
            let axis = try axis(try context.optionalInput(2), rank: x.rank)
            let length = try length(try context.optionalInput(1), extent: x.shape[axis])
            try x.elementType.visitFloat(
                Rows(operation: self, x: x, y: y, axis: axis, transform: try FourierTransform(length: length, context), context: context))
        }

        private struct Rows: FloatVisitor {
            let operation: DFT
            let x: Tensor
            let y: MutableTensor
            let axis: Int
            let transform: FourierTransform
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (input, output) = (try x.elements(T.self), try y.elements(T.self))
                let (parts, outputParts) = (x.shape[x.rank - 1], y.shape[y.shape.count - 1])
                let (source, target) = (AxisView(Array(x.shape.dropLast()), axis: axis), AxisView(Array(y.shape.dropLast()), axis: axis))
                let buffer = try FourierTransform.Buffer(count: transform.length, context)
                let restores = operation.isInverse && operation.isOneSided
                let taken = Swift.min(source.extent, restores ? transform.length / 2 + 1 : transform.length)
                for row in 0..<source.rowCount {
                    try context.checkDeadline()
                    buffer.clear()
                    for index in 0..<taken {
                        let place = (source.start(row) + index * source.inner) * parts
                        buffer.real[index] = Double(input[place])
                        if parts == 2 { buffer.imaginary[index] = Double(input[place + 1]) }
                    }
                    if restores { Self.restore(buffer, transform.length) }
                    transform.apply(buffer, isInverse: operation.isInverse)
                    for index in 0..<target.extent {
                        let place = (target.start(row) + index * target.inner) * outputParts
                        output[place] = T(buffer.real[index])
                        if outputParts == 2 { output[place + 1] = T(buffer.imaginary[index]) }
                    }
                }
            }

            /// The second half of the spectrum of a real signal is the first one's mirror image.
            private static func restore(_ buffer: FourierTransform.Buffer, _ length: Int) {
                buffer.imaginary[0] = 0
                if length % 2 == 0 { buffer.imaginary[length / 2] = 0 }
                for index in 1..<Swift.max(1, (length + 1) / 2) {
                    buffer.real[length - index] = buffer.real[index]
                    buffer.imaginary[length - index] = -buffer.imaginary[index]
                }
            }
        }
    }
}
