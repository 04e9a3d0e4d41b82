internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// Gemm of bytes, to float or requantized. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QGemm
    package struct QGemm: Operator {
        package static let schema = OperatorSchema(
            "QGemm", domain: domain, since: [1],
            inputs: [
                .one("A", "TA"), .one("a_scale", "T"), .one("a_zero_point", "TA"), .one("B", "TB"), .one("b_scale", "T"), .one("b_zero_point", "TB"),
                .optional("C", "TC"), .optional("y_scale", "T"), .optional("y_zero_point", "TYZ"),
            ],
            outputs: [.one("Y", "TY")],
            attributes: [.defaulted("alpha", .float(1)), .defaulted("transA", .int(0)), .defaulted("transB", .int(0))],
            types: [
                "T": .tensors(.float), "TA": .tensors(.int8, .uint8), "TB": .tensors(.int8, .uint8), "TC": .tensors(.int32), "TYZ": .tensors(.int8, .uint8),
                "TY": .tensors(.float, .int8, .uint8),
            ])

        private let alpha: Float
        private let transposesB: Bool
        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws {
            alpha = try node.float("alpha")
            transposesB = try node.flag("transB")
            if try node.flag("transA") { throw ONNXError(.unsupported, "transA of QGemm is not supported") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "A")
            try types.checkRank(3, 2...2, "B")
            let b = types.shape(3).map { transposesB ? [$0[1], $0[0]] : $0 }
            types.set(0, types.type(7) == nil ? .float : types.element(8) ?? .uint8, try MatMulShape.infer(types.shape(0), b))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[3], b.rank == 2 else { return }
            packed = try pack(b)
        }

        private func pack(_ b: Tensor) throws -> PackedBytes {
            let (rows, columns) = transposesB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
            return try PackedBytes(b, rows: rows, columns: columns, isTransposed: transposesB)
        }

        package func run(_ context: RunContext) throws {
            let (a, y) = (try context.input(0), try context.output())
            let matrix = try packed ?? pack(try context.input(3))
            let sums = try context.scratch(.int32, y.shape)
            let elements = try sums.elements(Int32.self)
            let (aZero, bZero) = (try context.input(2).zeroPoints(), try context.input(5).zeroPoints())
            guard aZero.count == 1, bZero.count == 1 || bZero.count == matrix.columns else {
                throw ONNXError(.shape, "a zero point has an unfit number of elements")
            }
            try IntegerProduct.multiply(
                try a.bytes(), isSigned: a.elementType == .int8, offset: 0, rows: a.shape[0], zeroPoints: aZero, by: matrix, zeroPoints: bZero,
                into: elements, at: 0, context: context)
            if let c = try context.optionalInput(6) { try add(c, to: sums) }
            let scale = try context.input(1).elements(Float.self)
            guard scale.count == 1 else { throw ONNXError(.shape, "a_scale has \(scale.count) elements, 1 expected") }
            let wide = context.value(7) == nil ? y : try context.scratch(.float, y.shape)
            try ScaledSums(
                rowScale: try Tensor(scalar: scale[0] * alpha).elements(), columnScale: try context.input(4).elements(), bias: nil, rows: a.shape[0],
                columns: matrix.columns
            ).write(elements.elements, to: try wide.elements(), context)
            guard let yScale = try context.optionalInput(7) else { return }
            let zero = try context.optionalInput(8)?.ints().first ?? 0
            try Requantized.write(try wide.tensor.elements(), scale: try yScale.elements(Float.self).first ?? 1, zeroPoint: zero, to: y)
        }

        /// C is in the product's own scale.
        private func add(_ c: Tensor, to sums: MutableTensor) throws {
            guard Shape.broadcast(c.shape, sums.shape) == sums.shape else { throw ONNXError(.shape, "C \(c) doesn't broadcast to \(Shape.text(sums.shape))") }
            let (x, target, walk) = (try c.elements(Int32.self), try sums.elements(Int32.self), BroadcastWalk([c.shape], to: sums.shape))
            for run in 0..<walk.runCount {
                let start = walk.start(0, run: run)
                for index in 0..<walk.runLength { target[run * walk.runLength + index] &+= x[start + index * walk.steps[0]] }
            }
        }
    }
}

/// Floats to int8 or uint8.
enum Requantized {
    static func write(_ x: Elements<Float>, scale: Float, zeroPoint: Int, to y: MutableTensor) throws {
        let zero = Int32(truncatingIfNeeded: zeroPoint)
        if y.elementType == .int8 {
            Quantize.signed(x, 0..<x.count, into: try y.elements(), at: 0, scale: scale, zeroPoint: zero)
        } else {
            Quantize.unsigned(x, 0..<x.count, into: try y.elements(UInt8.self), at: 0, scale: scale, zeroPoint: zero)
        }
    }
}
