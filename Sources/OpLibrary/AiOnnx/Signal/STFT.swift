internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The Fourier transforms of overlapping frames of a signal. https://onnx.ai/onnx/operators/onnx__STFT.html
    package struct STFT: Operator {
        package static let schema = OperatorSchema(
            "STFT", since: [17],
            inputs: [.one("signal", "T1"), .one("frame_step", "T2"), .optional("window", "T1"), .optional("frame_length", "T2")],
            outputs: [.one("output", "T1")], attributes: [.defaulted("onesided", .int(1))],
            types: ["T1": .tensors(.floats), "T2": .tensors(.indices)])

        private let isOneSided: Bool

        package init(_ node: NodeReader) throws { isOneSided = try node.flag("onesided") }

        private struct Frames {
            let step: Int
            let length: Int
            let count: Int
        }

        /// Throws `.shape` when the sizes don't make a frame.
        private func frames(signal: Int, step: Tensor, window: Int?, length: Tensor?) throws -> Frames {
            guard let step = try step.ints().first, step >= 1 else { throw ONNXError(.shape, "frame_step must be 1 or more") }
            let given = try length.flatMap { try $0.ints().first }
            let length = given ?? window ?? signal
            guard length >= 1, length <= signal, window.map({ $0 == length }) ?? true else {
                throw ONNXError(
                    .shape, "frames of \(length) elements don't fit a signal of \(signal)\(window.map { " with a window of \($0)" } ?? "")")
            }
            return Frames(step: step, length: length, count: (signal - length) / step + 1)
        }

        private func bins(_ length: Int) -> Int { isOneSided ? length / 2 + 1 : length }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...3, "signal")
            try types.checkRank(2, 1...1, "window")
            let signal = types.shape(0)
            if let parts = signal?[2].size { try DFT.checkParts(parts) }
            guard let size = signal?[1].size, let step = types.constant(1), types.type(2) == nil || types.shape(2)?[0].size != nil,
                types.type(3) == nil || types.constant(3) != nil
            else { return types.set(0, types.element(0), [signal?[0] ?? .unknown, .unknown, .unknown, .known(2)]) }
            let frames = try frames(signal: size, step: step, window: types.shape(2)?[0].size, length: types.constant(3))
            types.set(0, types.element(0), [signal?[0] ?? .unknown, .known(frames.count), .known(bins(frames.length)), .known(2)])
        }

        package func run(_ context: RunContext) throws {
            let (x, window, y) = (try context.input(0), try context.optionalInput(2), try context.output())
            guard y.count > 0 else { return }
            let frames = try frames(signal: x.shape[1], step: try context.input(1), window: window?.count, length: try context.optionalInput(3))
            try x.elementType.visitFloat(Spectra(x: x, window: window, y: y, frames: frames, bins: bins(frames.length), context: context))
        }

        private struct Spectra: FloatVisitor {
            let x: Tensor
            let window: Tensor?
            let y: MutableTensor
            let frames: Frames
            let bins: Int
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (input, weights, output) = (try x.elements(T.self), try window?.elements(T.self), try y.elements(T.self))
                let transform = try FourierTransform(length: frames.length, context)
                let buffer = try FourierTransform.Buffer(count: frames.length, context)
                let (signal, parts) = (x.shape[1], x.shape[2])
                for row in 0..<x.shape[0] * frames.count {
                    try context.checkDeadline()
                    let start = row / frames.count * signal + row % frames.count * frames.step
                    for index in 0..<frames.length {
                        let weight = weights.map { Double($0[index]) } ?? 1
                        buffer.real[index] = weight * Double(input[(start + index) * parts])
                        buffer.imaginary[index] = parts == 2 ? weight * Double(input[(start + index) * parts + 1]) : 0
                    }
                    transform.apply(buffer, isInverse: false)
                    for index in 0..<bins {
                        output[(row * bins + index) * 2] = T(buffer.real[index])
                        output[(row * bins + index) * 2 + 1] = T(buffer.imaginary[index])
                    }
                }
            }
        }
    }
}
