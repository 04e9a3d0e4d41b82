internal import Bytes
internal import CKernels
package import Tensors

extension AiOnnx {
    /// Quantizes to uint8 by the range of the values, 0 included. https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
    package struct DynamicQuantizeLinear: Operator {
        package static let schema = OperatorSchema(
            "DynamicQuantizeLinear", since: [11],
            inputs: [.one("x", "T1")], outputs: [.one("y", "T2"), .one("y_scale", "tensor(float)"), .one("y_zero_point", "T2")],
            types: ["T1": .tensors(.float), "T2": .tensors(.uint8), "tensor(float)": .tensors(.float)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .uint8, types.shape(0))
            types.set(1, .float, [Int]())
            types.set(2, .uint8, [Int]())
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0).elements(Float.self)
            let range = try DynamicRange(x, context)
            try context.output(1).elements(Float.self)[0] = range.scale
            try context.output(2).elements(UInt8.self)[0] = range.zeroPoint
            let y = try context.output(0).elements(UInt8.self)
            try context.parallel(x.count, grain: 32_768) { part in
                Quantize.unsigned(x, part, into: y, at: part.lowerBound, scale: range.scale, zeroPoint: Int32(range.zeroPoint))
            }
        }
    }
}

/// The scale and zero point that spread a range of values, 0 included, over 0...255.
package struct DynamicRange: Sendable {
    package let scale: Float
    package let zeroPoint: UInt8

    /// Of the elements of `range`. NaN anywhere gives a scale of NaN and a zero point of 0.
    package init(_ x: Elements<Float>, _ range: Range<Int>) {
        self.init(Self.extremes(x, range))
    }

    /// Of all elements, found in parts.
    init(_ x: Elements<Float>, _ context: RunContext) throws {
        let part = 16_384
        let parts = (x.count + part - 1) / part
        let found = try context.scratch(Float.self, count: 2 * parts)
        try context.parallel(parts, grain: 2) { range in
            for index in range {
                (found[2 * index], found[2 * index + 1]) = Self.extremes(x, index * part..<Swift.min(x.count, (index + 1) * part))
            }
        }
        self.init(Self.extremes(found.elements, 0..<2 * parts))
    }

    private static func extremes(_ x: Elements<Float>, _ range: Range<Int>) -> (Float, Float) {
        var (lowest, highest): (Float, Float) = (0, 0)
        unsafe x.withPointer(range) { unsafe ck_kernels().pointee.min_max_f32($0, range.count, &lowest, &highest) }
        return (lowest, highest)
    }

    private init(_ extremes: (Float, Float)) {
        let lowest = Swift.min(extremes.0, 0)
        let highest = Swift.max(extremes.1, 0)
        scale = (highest == lowest ? 1 : highest - lowest) / 255
        let zero = (0 - lowest / scale).rounded(.toNearestOrEven)
        zeroPoint = zero > 0 ? UInt8(Swift.min(zero, 255)) : 0
    }
}

/// round(x / scale) + zero point, saturated.
package enum Quantize {
    /// Writes the elements of `range` to `y` from `target` on.
    package static func unsigned(
        _ x: Elements<Float>, _ range: Range<Int>, into y: MutableElements<UInt8>, at target: Int, scale: Float, zeroPoint: Int32
    ) {
        unsafe x.withPointer(range) { source in
            unsafe y.withPointer(target..<target + range.count) { result in
                unsafe ck_kernels().pointee.quantize_u8(source, scale, zeroPoint, result, range.count)
            }
        }
    }

    /// The same for int8.
    package static func signed(
        _ x: Elements<Float>, _ range: Range<Int>, into y: MutableElements<Int8>, at target: Int, scale: Float, zeroPoint: Int32
    ) {
        unsafe x.withPointer(range) { source in
            unsafe y.withPointer(target..<target + range.count) { result in
                unsafe ck_kernels().pointee.quantize_s8(source, scale, zeroPoint, result, range.count)
            }
        }
    }
}
