internal import Bytes
internal import CKernels
internal import GraphIR
package import Tensors

extension AiOnnx {
    /// round(x / scale) + zero point, saturated, one scale a tensor, an axis or a block. https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
    package struct QuantizeLinear: Operator {
        package static let schema = OperatorSchema(
            "QuantizeLinear", since: [10, 13, 19, 21, 23, 24, 25, 28],
            inputs: [
                .one("x", "T1"), .one("y_scale", "tensor(float)", until: 18), .one("y_scale", "T1", since: 19, until: 22), .one("y_scale", "T2", since: 23),
                .optional("y_zero_point", "T2", until: 22), .optional("y_zero_point", "T3", since: 23),
            ],
            outputs: [.one("y", "T2", until: 22), .one("y", "T3", since: 23)],
            attributes: [
                .defaulted("axis", .int(1), since: 13), .defaulted("saturate", .int(1), since: 19), .defaulted("block_size", .int(0), since: 21),
                .defaulted("output_dtype", .int(0), since: 21), .defaulted("precision", .int(0), since: 23),
            ],
            types: [
                "T1": .tensors(.float, .float16, .bfloat16, .int32), "tensor(float)": .tensors(.float),
                "T2": .tensors([quantized, ElementTypes([.float, .float16, .bfloat16, .int32, .float8e8m0])]), "T3": .tensors(quantized),
            ])
        package static let narrowTypes = NarrowTypes.asStored

        static let quantized: ElementTypes = [
            .float8,
            ElementTypes([.uint8, .int8, .uint16, .int16, .uint4, .int4, .uint2, .int2, .float4e2m1, .float6e2m3, .float6e3m2]),
        ]

        private let axis: Int
        private let saturate: Bool
        private let blockSize: Int
        private let outputType: ElementType?
        private let precision: ElementType?

        package init(_ node: NodeReader) throws {
            axis = node.optionalInt("axis") ?? 1
            saturate = node.optionalInt("saturate") ?? 1 != 0
            blockSize = node.optionalInt("block_size") ?? 0
            outputType = node.optionalInt("output_dtype") ?? 0 == 0 ? nil : try node.elementType("output_dtype")
            precision = node.optionalInt("precision") ?? 0 == 0 ? nil : try node.elementType("precision")
        }

        package func infer(_ types: Inference) throws {
            let zeroPoint = types.type(2)?.elementType
            if let zeroPoint, let outputType, zeroPoint != outputType {
                throw ONNXError(.shape, "output_dtype is \(outputType) and the zero point is \(zeroPoint); they must be equal")
            }
            let type = types.inputCount > 2 && types.type(2) == nil ? outputType : zeroPoint ?? outputType ?? .uint8
            if let type, !Self.quantized.contains(type) { throw ONNXError(.unsupported, "\(type) is no type to quantize to") }
            types.set(0, type ?? .uint8, types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let (x, scale, zeroPoint) = (try context.input(0), try context.input(1), try context.optionalInput(2))
            let grid = try QuantizationGrid(scale: scale.shape, over: x.shape, axis: axis, blockSize: blockSize)
            if let zeroPoint, zeroPoint.count != scale.count {
                throw ONNXError(.shape, "the zero point \(zeroPoint) and the scale \(scale) must have one shape")
            }
            let y = try context.output()
            let scales = try scale.doubles()
            let division = precision ?? scale.elementType
            let zeros = try zeroPoint?.doubles() ?? Array(repeating: 0, count: scales.count)
            let source = try Numbers(x)
            if let range = IntegerRange(y.elementType) {
                // Narrower integers are packed afterwards.
                let isPacked = y.elementType.bitWidth < 8
                let wide = isPacked ? try MutableTensor(y.elementType.isSignedInteger ? .int8 : .uint8, y.shape) : y
                try wide.elementType.visitInteger(
                    Integers(
                        source: source, floats: x.elementType == .float && division == .float ? try x.elements(Float.self) : nil, scales: scales, zeros: zeros,
                        grid: grid, range: range, division: division, y: wide, context: context))
                if isPacked { try y.take(wide) }
            } else {
                let saturate = saturate
                try y.encodeSmallFloats(saturate: saturate) { index in
                    let place = grid.index(index)
                    return Float(division.divide(source[index], scales[place]) + zeros[place])
                }
            }
        }

        private struct Integers: IntegerVisitor {
            let source: Numbers
            /// The elements where they are floats and divided as such.
            let floats: Elements<Float>?
            let scales: [Double]
            let zeros: [Double]
            let grid: QuantizationGrid
            let range: IntegerRange
            let division: ElementType
            let y: MutableTensor
            let context: RunContext

            func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
                let result = try y.elements(T.self)
                guard let floats, T.bitWidth <= 16 else {
                    for index in result.indices {
                        let place = grid.index(index)
                        let value = division.divide(source[index], scales[place]).rounded(.toNearestOrEven) + zeros[place]
                        result[index] = T(saturating: range.clamp(value))
                    }
                    return
                }
                let (scales, zeros, grid, bytes) = (scales, zeros, grid, y.rawBytes())
                let (isByte, lowest, highest) = (T.bitWidth == 8 && range.highest - range.lowest == 255, Float(range.lowest), Float(range.highest))
                try context.parallel(result.count, grain: 32_768) { part in
                    grid.forEachRun(of: part) { run, place in
                        let (scale, zero) = (Float(scales[place]), Float(zeros[place]))
                        unsafe floats.withPointer(run) { source in
                            if isByte, let zero = Int32(exactly: zero) {
                                unsafe bytes.withPointer(run) { target in
                                    if T.isSigned {
                                        unsafe target.withMemoryRebound(to: Int8.self, capacity: run.count) {
                                            unsafe ck_kernels().pointee.quantize_s8(source, scale, zero, $0, run.count)
                                        }
                                    } else {
                                        unsafe ck_kernels().pointee.quantize_u8(source, scale, zero, target, run.count)
                                    }
                                }
                                return
                            }
                            unsafe result.withPointer(run) { target in
                                for index in 0..<run.count {
                                    let value = unsafe (source[index] / scale).rounded(.toNearestOrEven) + zero
                                    unsafe target[index] = T(value > lowest ? Swift.min(value, highest) : lowest)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The elements of a tensor of floats or int32 as doubles, read one at a time.
package struct Numbers: Sendable {
    private enum Source: Sendable {
        case float(Elements<Float>)
        case half(Elements<Float16>)
        case other([Double])
    }
    private let source: Source

    package init(_ tensor: Tensor) throws {
        source =
            switch tensor.elementType {
            case .float: .float(try tensor.elements(Float.self))
            case .float16: .half(try tensor.elements(Float16.self))
            default: .other(try tensor.doubles())
            }
    }

    package subscript(_ index: Int) -> Double {
        switch source {
        case .float(let elements): Double(elements[index])
        case .half(let elements): Double(elements[index])
        case .other(let values): values[index]
        }
    }
}

extension ElementType {
    /// The quotient rounded to this type, as if both operands had it.
    package func divide(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .float16: Double(Float16(Float16(a)) / Float16(b))
        case .bfloat16: Double(BFloat16(BFloat16(Float(a)).float / BFloat16(Float(b)).float).float)
        default: Double(Float(a) / Float(b))
        }
    }
}

extension MutableTensor {
    /// Takes over elements that were written one a byte.
    package func take(_ wide: MutableTensor) throws {
        let packed = try wide.tensor.packed(as: elementType).bytes()
        rawBytes().copy(packed, from: 0, count: packed.count, to: 0)
    }

    /// Writes each element's value in a floating-point type of at most 8 bits.
    package func encodeSmallFloats(saturate: Bool, _ value: (Int) -> Float) throws {
        guard let format = SmallFloatFormat.of(elementType) else { throw ONNXError(.unsupported, "\(elementType) is no type to quantize to") }
        let wide = try MutableTensor(.uint8, shape)
        let bits = wide.rawBytes()
        for index in bits.indices { bits[index] = format.encode(value(index), saturate: saturate) }
        try take(wide)
    }
}
