internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The transpose of a convolution: each element of the image adds a scaled filter. https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
    package struct ConvTranspose: Operator {
        package static let schema = OperatorSchema(
            "ConvTranspose", since: [1, 11, 22],
            inputs: [.one("X", "T"), .one("W", "T"), .optional("B", "T")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("group", .int(1)), .optional("output_padding", .ints), .optional("output_shape", .ints)]
                + WindowAttributes.schema(isKernelRequired: false),
            types: ["T": .tensors(.floats)])

        private let attributes: ConvolutionAttributes
        private let outputPadding: [Int]?
        private let outputShape: [Int]?

        package init(_ node: NodeReader) throws {
            attributes = try ConvolutionAttributes(node)
            outputPadding = try WindowAttributes.list(node, "output_padding", least: 0)
            outputShape = try WindowAttributes.list(node, "output_shape", least: 1)
        }

        package func infer(_ types: Inference) throws {
            let (x, w) = (types.shape(0), types.shape(1))
            try attributes.checkKernel(x: x, w: w)
            if let channels = x?[1].size, let expected = w?[0].size, channels != expected || channels % attributes.group != 0 {
                throw ONNXError(.shape, "'X' has \(channels) channels; as many as 'W' (\(expected)) expected, in \(attributes.group) groups")
            }
            let filters = try w?[1].size.map {
                let (count, overflow) = $0.multipliedReportingOverflow(by: attributes.group)
                guard !overflow else { throw ONNXError(.limit, "\($0) filters x \(attributes.group) groups are beyond 64 bits") }
                return count
            }
            try ConvolutionAttributes.checkBias(types.shape(2), count: filters)
            guard let rank = x?.count ?? w?.count else { return types.set(0, types.element(0), nil) }
            let spatial: [Dimension] = try (0..<rank - 2).map { axis in
                guard let input = x?[axis + 2].size, let kernel = w?[axis + 2].size ?? attributes.windows.kernel?[axis] else { return .unknown }
                return .known(try slide(axis, of: rank - 2, over: input, kernel: kernel).output)
            }
            types.set(0, types.element(0), [x?[0] ?? .unknown, filters.map { .known($0) } ?? .unknown] + spatial)
        }

        /// The output's extent along an axis, and how much of the full result is cut off at its ends.
        private func slide(_ axis: Int, of rank: Int, over input: Int, kernel: Int) throws -> WindowAttributes.Slide {
            let windows = attributes.windows
            try WindowAttributes.check(input, "image", axis)
            try WindowAttributes.check(kernel, "kernel", axis)
            guard outputPadding.map({ $0.count == rank }) ?? true, outputShape.map({ $0.count == rank || $0.count == rank + 2 }) ?? true else {
                throw ONNXError(.shape, "attributes 'output_padding' and 'output_shape' have one value for each of \(rank) spatial axes")
            }
            let full = windows.stride(axis) * (input - 1) + (outputPadding?[axis] ?? 0) + windows.extent(axis, kernel: kernel)
            let isSame = windows.autoPad == .sameUpper || windows.autoPad == .sameLower
            let wanted = outputShape.map { $0[$0.count - rank + axis] } ?? (isSame ? input * windows.stride(axis) : nil)
            if let wanted {
                let total = Swift.max(0, full - wanted)
                let before = windows.autoPad == .sameUpper ? total / 2 : total - total / 2
                return WindowAttributes.Slide(output: wanted, before: before, after: total - before)
            }
            let (before, after) = windows.autoPad == .valid ? (0, 0) : (windows.before(axis), windows.after(axis))
            guard full > before + after else {
                throw ONNXError(.shape, "padding of \(before) and \(after) leaves nothing of spatial axis \(axis), whose full extent is \(full)")
            }
            return WindowAttributes.Slide(output: full - before - after, before: before, after: after)
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let (x, w) = (try context.input(0), try context.input(1))
            let (kernel, spatial) = (attributes.kernel(w.shape), Array(x.shape.dropFirst(2)))
            let slides = try spatial.indices.map { try slide($0, of: spatial.count, over: spatial[$0], kernel: kernel[$0]) }
            // Seen from the output, it is the image that holds the windows.
            let windows = try Windows(
                input: slides.map(\.output), output: spatial, kernel: kernel, strides: spatial.indices.map(attributes.windows.stride),
                dilations: spatial.indices.map(attributes.windows.dilation), before: slides.map(\.before), after: slides.map(\.after))
            try TransposedConvolution(x: x, w: w, bias: try context.optionalInput(2), y: y, windows: windows, group: attributes.group).run(context)
        }
    }
}

/// A transposed convolution of tensors whose shapes inference has found to fit.
private struct TransposedConvolution {
    let x: Tensor
    let w: Tensor
    let bias: Tensor?
    let y: MutableTensor
    let windows: Windows
    let group: Int

    private var groupChannels: Int { x.shape[1] / group }
    private var groupFilters: Int { w.shape[1] }
    private var filters: Int { w.shape[1] * group }
    private var rows: Int { groupFilters * windows.tapCount }

    func run(_ context: RunContext) throws {
        guard x.elementType == .float else { return try x.elementType.visitFloat(Direct(work: self, context: context)) }
        let (input, output) = (try x.elements(Float.self), try y.elements(Float.self))
        try initialise(Float.self, planes: 0..<x.shape[0] * filters)
        guard x.count > 0, w.count > 0 else { return }
        let weights = try transposedWeights(context)
        let columns = try context.scratch(.float, [rows, windows.outputCount]).elements(Float.self)
        var panels: Storage?
        for stack in 0..<x.shape[0] * group {
            try context.checkDeadline()
            let image = try PackedMatrix(
                input, offset: stack * groupChannels * windows.outputCount, rows: groupChannels, columns: windows.outputCount,
                storage: { try panels.reused(byteCount: $0, context) }, parallel: { try context.parallel($0, grain: $1, $2) })
            try MatrixProduct.multiply(
                weights.elements, offset: stack % group * rows * groupChannels, rows: rows, by: image, into: columns, context: context)
            let (windows, first) = (windows, stack * groupFilters)
            try context.parallel(groupFilters, grain: Swift.max(1, 65_536 / Swift.max(1, windows.tapCount &* windows.outputCount))) { range in
                for filter in range {
                    for tap in 0..<windows.tapCount {
                        windows.forEachRun(of: tap) { element, window, count in
                            ElementLoop.merge(
                                columns.elements, from: (filter * windows.tapCount + tap) * windows.outputCount + window,
                                into: output, at: (first + filter) * windows.inputCount + element, pace: windows.step, count: count, +)
                        }
                    }
                }
            }
        }
    }

    /// The weights of each group, a row for each filter and tap.
    private func transposedWeights(_ context: RunContext) throws -> MutableElements<Float> {
        let source = try w.elements(Float.self)
        let result = try context.scratch(Float.self, count: source.count)
        for part in 0..<group {
            let start = part * groupChannels * rows
            for channel in 0..<groupChannels {
                ElementLoop.merge(source, from: start + channel * rows, into: result, at: start + channel, pace: groupChannels, count: rows) { $1 }
            }
        }
        return result
    }

    fileprivate func initialise<T: Arithmetic>(_ type: T.Type, planes: Range<Int>) throws {
        let z = try y.elements(T.self)
        let bias = try bias?.elements(T.self)
        for plane in planes { z.fill(bias?[plane % filters] ?? .zero, in: plane * windows.inputCount..<(plane + 1) * windows.inputCount) }
    }

    /// Tap by tap, for double.
    private struct Direct: FloatVisitor {
        let work: TransposedConvolution
        let context: RunContext

        func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
            let work = work
            let (x, w, z) = (try work.x.elements(T.self), try work.w.elements(T.self), try work.y.elements(T.self))
            let (windows, channels, filters) = (work.windows, work.groupChannels, work.groupFilters)
            try context.parallel(work.x.shape[0] * work.filters, grain: 1) { range in
                try work.initialise(type, planes: range)
                for plane in range {
                    let (stack, filter) = (plane / filters, plane % filters)
                    for channel in 0..<channels {
                        let row = ((stack % work.group * channels + channel) * filters + filter) * windows.tapCount
                        for tap in 0..<windows.tapCount {
                            let weight = w[row + tap]
                            windows.forEachRun(of: tap) { element, window, count in
                                ElementLoop.merge(
                                    x, from: (stack * channels + channel) * windows.outputCount + window,
                                    into: z, at: plane * windows.inputCount + element, pace: windows.step, count: count
                                ) { $0 + weight * $1 }
                            }
                        }
                    }
                }
            }
        }
    }
}
