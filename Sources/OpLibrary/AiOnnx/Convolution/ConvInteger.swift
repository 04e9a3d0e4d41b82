internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Convolutions of 8-bit integers less their zero points, in int32. https://onnx.ai/onnx/operators/onnx__ConvInteger.html
    package struct ConvInteger: Operator {
        package static let schema = OperatorSchema(
            "ConvInteger", since: [10],
            inputs: [.one("x", "T1"), .one("w", "T2"), .optional("x_zero_point", "T1"), .optional("w_zero_point", "T2")], outputs: [.one("y", "T3")],
            attributes: [.defaulted("group", .int(1))] + WindowAttributes.schema(isKernelRequired: false),
            types: ["T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "T3": .tensors(.int32)])

        private let attributes: ConvolutionAttributes

        package init(_ node: NodeReader) throws { attributes = try ConvolutionAttributes(node) }

        package func infer(_ types: Inference) throws {
            types.set(0, .int32, try attributes.infer(x: types.shape(0), w: types.shape(1), bias: nil))
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let convolution = try Convolution(x: try context.input(0), w: try context.input(1), bias: nil, y: y, attributes: attributes)
            try ByteConvolution(convolution, xZero: try context.optionalInput(2), wZero: try context.optionalInput(3))
                .run(into: try y.elements(Int32.self), context)
        }
    }

    /// Convolutions of quantized images, requantized. https://onnx.ai/onnx/operators/onnx__QLinearConv.html
    package struct QLinearConv: Operator {
        package static let schema = OperatorSchema(
            "QLinearConv", since: [10],
            inputs: [
                .one("x", "T1"), .one("x_scale", "tensor(float)"), .one("x_zero_point", "T1"), .one("w", "T2"), .one("w_scale", "tensor(float)"),
                .one("w_zero_point", "T2"), .one("y_scale", "tensor(float)"), .one("y_zero_point", "T3"), .optional("B", "T4"),
            ],
            outputs: [.one("y", "T3")], attributes: [.defaulted("group", .int(1))] + WindowAttributes.schema(isKernelRequired: false),
            types: [
                "T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "T3": .tensors(.int8, .uint8), "T4": .tensors(.int32),
                "tensor(float)": .tensors(.float),
            ])

        private let attributes: ConvolutionAttributes

        package init(_ node: NodeReader) throws { attributes = try ConvolutionAttributes(node) }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(7), try attributes.infer(x: types.shape(0), w: types.shape(3), bias: types.shape(8)))
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let convolution = try Convolution(x: try context.input(0), w: try context.input(3), bias: nil, y: y, attributes: attributes)
            let sums = try context.scratch(Int32.self, count: y.count)
            try ByteConvolution(convolution, xZero: try context.input(2), wZero: try context.input(5)).run(into: sums, context)
            let (xScale, yScale) = (try scale(context, 1, count: 1)[0], try scale(context, 6, count: 1)[0])
            let requantize = Requantize(
                multipliers: try scale(context, 4, count: convolution.filters).map { xScale * $0 / yScale },
                bias: try context.optionalInput(8)?.elements(Int32.self), zero: Double(try ByteConvolution.only(try context.input(7))),
                filters: convolution.filters, windows: convolution.windows.outputCount, sums: sums.elements, y: y)
            try y.elementType.visitInteger(requantize)
        }

        /// One scale, or `count` of them.
        private func scale(_ context: RunContext, _ input: Int, count: Int) throws -> [Float] {
            let scales = try context.input(input).elements(Float.self)
            guard scales.count == 1 || scales.count == count else {
                throw ONNXError(.shape, "input \(input) has \(scales.count) scales; 1 or \(count) expected")
            }
            return (0..<count).map { scales[scales.count == 1 ? 0 : $0] }
        }

        /// Sums plus bias, times a multiplier for each filter, rounded, plus a zero point, saturated.
        private struct Requantize: IntegerVisitor {
            let multipliers: [Float]
            let bias: Elements<Int32>?
            let zero: Double
            let filters: Int
            let windows: Int
            let sums: Elements<Int32>
            let y: MutableTensor

            func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
                let result = try y.elements(T.self)
                guard let range = IntegerRange(y.elementType) else { return }
                for plane in 0..<result.count / windows {
                    let filter = plane % filters
                    let (multiplier, added) = (multipliers[filter], bias?[filter] ?? 0)
                    for index in plane * windows..<(plane + 1) * windows {
                        let value = (Float(sums[index] &+ added) * multiplier).rounded(.toNearestOrEven)
                        result[index] = T(saturating: range.clamp(Double(value) + zero))
                    }
                }
            }
        }
    }
}

/// A convolution of bytes less their zero points.
struct ByteConvolution {
    private let work: Convolution
    private let xZero: Int
    /// One for all filters, or one each.
    private let wZero: [Int]

    init(_ convolution: Convolution, xZero: Tensor?, wZero: Tensor?) throws {
        work = convolution
        self.xZero = try xZero.map(Self.only) ?? 0
        self.wZero = try wZero?.ints() ?? [0]
        guard self.wZero.count == 1 || self.wZero.count == work.filters else {
            throw ONNXError(.shape, "w_zero_point has \(self.wZero.count) elements; 1 or \(work.filters) expected, one a filter")
        }
    }

    /// The value of a tensor of one element.
    static func only(_ zero: Tensor) throws -> Int {
        guard zero.count == 1 else { throw ONNXError(.shape, "the zero point \(zero) has \(zero.count) elements, 1 expected") }
        return try zero.ints()[0]
    }

    func run(into sums: MutableElements<Int32>, _ context: RunContext) throws {
        let (windows, depth) = (work.windows, work.depth)
        guard depth > 0 else { return sums.fill(0) }
        let (image, filters) = (try work.x.bytes(), try work.w.bytes())
        let columns = try context.scratch(work.x.elementType, [depth, windows.outputCount])
        let (unfolded, padding) = (columns.rawBytes(), UInt8(truncatingIfNeeded: xZero))
        let zero = try Tensor([Int32(truncatingIfNeeded: xZero)], shape: [1]).elements(Int32.self)
        var panels: Storage?
        for stack in 0..<work.batches * work.group {
            try context.checkDeadline()
            let first = stack % work.group * work.groupFilters
            let own = wZero.count == 1 ? wZero : Array(wZero[first..<first + work.groupFilters])
            let start = stack * work.groupChannels * windows.inputCount
            try context.parallel(depth, grain: Swift.max(1, 65_536 / windows.outputCount)) {
                windows.unfold(image, offset: start, rows: $0, padding: padding, to: unfolded)
            }
            let packed = try PackedBytes(columns.tensor, rows: depth, columns: windows.outputCount, storage: { try panels.reused(byteCount: $0, context) })
            try IntegerProduct.multiply(
                filters, isSigned: work.w.elementType == .int8, offset: first * depth, rows: work.groupFilters,
                zeroPoints: try Tensor(own.map { Int32(truncatingIfNeeded: $0) }, shape: [own.count]).elements(Int32.self),
                by: packed, zeroPoints: zero, into: sums, at: stack * work.groupFilters * windows.outputCount, context: context)
        }
    }
}
