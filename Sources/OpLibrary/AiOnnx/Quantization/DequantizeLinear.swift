internal import Bytes
internal import CKernels
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// (x - zero point) * scale, one scale a tensor, an axis or a block. https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
    package struct DequantizeLinear: Operator {
        package static let schema = OperatorSchema(
            "DequantizeLinear", since: [10, 13, 19, 21, 23, 24, 25, 28],
            inputs: [
                .one("x", "T", until: 18), .one("x", "T1", since: 19),
                .one("x_scale", "tensor(float)", until: 18), .one("x_scale", "T2", since: 19),
                .optional("x_zero_point", "T", until: 18), .optional("x_zero_point", "T1", since: 19),
            ],
            outputs: [.one("y", "tensor(float)", until: 18), .one("y", "T2", since: 19, until: 22), .one("y", "T3", since: 23)],
            attributes: [
                .defaulted("axis", .int(1), since: 13), .defaulted("block_size", .int(0), since: 21), .defaulted("output_dtype", .int(0), since: 23),
            ],
            types: [
                "T": .tensors(.int8, .uint8, .int32), "T1": .tensors([QuantizeLinear.quantized, ElementTypes([.int32])]),
                "tensor(float)": .tensors(.float), "T2": .tensors(.float, .float16, .bfloat16, .float8e8m0), "T3": .tensors(.float, .float16, .bfloat16),
            ])
        package static let narrowTypes = NarrowTypes.asStored

        private let axis: Int
        private let blockSize: Int
        private let outputType: ElementType?

        package init(_ node: NodeReader) throws {
            axis = node.optionalInt("axis") ?? 1
            blockSize = node.optionalInt("block_size") ?? 0
            outputType = node.optionalInt("output_dtype") ?? 0 == 0 ? nil : try node.elementType("output_dtype")
        }

        package func infer(_ types: Inference) throws {
            if let x = types.element(0), let zero = types.element(2), x != zero {
                throw ONNXError(.shape, "x is \(x) and the zero point is \(zero); they must be equal")
            }
            types.set(0, outputType ?? types.element(1), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let (x, scale, zeroPoint) = (try context.input(0), try context.input(1), try context.optionalInput(2))
            let grid = try QuantizationGrid(scale: scale.shape, over: x.shape, axis: axis, blockSize: blockSize)
            if let zeroPoint, zeroPoint.count != scale.count {
                throw ONNXError(.shape, "the zero point \(zeroPoint) and the scale \(scale) must have one shape")
            }
            let scales = try scale.doubles().map { Float($0) }
            let zeros = try zeroPoint?.doubles().map { Float($0) } ?? Array(repeating: 0, count: scales.count)
            let y = try context.output()
            let wide = y.elementType == .float ? y : try context.scratch(.float, y.shape)
            let result = try wide.elements(Float.self)
            if x.elementType.isInteger {
                let x = try x.unpacked()
                try x.elementType.visitInteger(Dequantize(x: x, result: result, scales: scales, zeros: zeros, grid: grid, context: context))
            } else {
                let values = try x.doubles()
                for index in result.indices {
                    let place = grid.index(index)
                    result[index] = (Float(values[index]) - zeros[place]) * scales[place]
                }
            }
            if y.elementType != .float { try wide.tensor.narrow(into: y) }
        }
    }
}

private struct Dequantize: IntegerVisitor {
    let x: Tensor
    let result: MutableElements<Float>
    let scales: [Float]
    let zeros: [Float]
    let grid: QuantizationGrid
    let context: RunContext

    func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
        let (elements, result, scales, zeros, grid) = (try x.elements(T.self), result, scales, zeros, grid)
        let (unsigned, signed) = (elements as? Elements<UInt8>, elements as? Elements<Int8>)
        try context.parallel(elements.count, grain: 32_768) { part in
            grid.forEachRun(of: part) { run, place in
                let (scale, zero) = (scales[place], zeros[place])
                // Bytes have a kernel, with the same bits.
                if let bytes = unsigned, let zero = Int32(exactly: zero) {
                    return unsafe bytes.withPointer(run) { source in
                        unsafe result.withPointer(run) { unsafe ck_kernels().pointee.dequantize_u8(source, scale, zero, $0, run.count) }
                    }
                }
                if let bytes = signed, let zero = Int32(exactly: zero) {
                    return unsafe bytes.withPointer(run) { source in
                        unsafe result.withPointer(run) { unsafe ck_kernels().pointee.dequantize_s8(source, scale, zero, $0, run.count) }
                    }
                }
                unsafe elements.withPointer(run) { source in
                    unsafe result.withPointer(run) { target in
                        for index in 0..<run.count { unsafe target[index] = (Float(source[index]) - zero) * scale }
                    }
                }
            }
        }
    }
}
