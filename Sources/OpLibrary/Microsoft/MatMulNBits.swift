internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// A times a matrix of 2-, 4- or 8-bit weights with a scale a block. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
    package struct MatMulNBits: Operator {
        package static let schema = OperatorSchema(
            "MatMulNBits", domain: domain, since: [1],
            inputs: [
                .one("A", "T1"), .one("B", "T2"), .one("scales", "T1"), .optional("zero_points", "T3"), .optional("g_idx", "T4"), .optional("bias", "T1"),
            ],
            outputs: [.one("Y", "T1")],
            attributes: [
                .required("K", .int), .required("N", .int), .defaulted("bits", .int(4)), .required("block_size", .int), .defaulted("accuracy_level", .int(0)),
                .defaulted("weight_prepacked", .int(0)),
            ],
            types: [
                "T1": .tensors(.float, .float16, .bfloat16), "T2": .tensors(.uint8), "T3": .tensors(.uint8, .float, .float16, .bfloat16),
                "T4": .tensors(.int32),
            ])

        private let weights: BlockedWeights
        private var packed: PackedMatrix?

        package init(_ node: NodeReader) throws {
            weights = try BlockedWeights(
                rows: try node.int("K"), columns: try node.int("N"), bits: try node.int("bits"), block: try node.int("block_size"))
            if node.hasInput(4) { throw ONNXError(.unsupported, "g_idx is not supported") }
            if try node.int("weight_prepacked") != 0 { throw ONNXError(.unsupported, "prepacked weights are another machine's; export them unpacked") }
        }

        package func infer(_ types: Inference) throws {
            try weights.check(types.constant(1), types.constant(2), types.constant(3))
            types.set(0, types.element(0), try MatMulShape.infer(types.shape(0), [.known(weights.rows), .known(weights.columns)]))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], let scales = constants[2], scales.elementType == .float else { return }
            if let zero = constants[3], zero.elementType != .uint8, zero.elementType != .float { return }
            packed = try weights.packed(b, scales, constants[3])
        }

        package func run(_ context: RunContext) throws {
            let (a, y) = (try context.input(0), try context.output())
            let matrix = try packed ?? weights.packed(try context.input(1), try context.input(2), try context.optionalInput(3))
            var epilogue = Epilogue()
            epilogue.bias = try context.optionalInput(5)?.elements()
            if let bias = epilogue.bias, bias.count != weights.columns {
                throw ONNXError(.shape, "the bias has \(bias.count) elements, \(weights.columns) expected")
            }
            try MatrixProduct.multiply(
                try a.elements(), rows: weights.rows == 0 ? 0 : a.count / weights.rows, by: matrix, into: try y.elements(), epilogue: epilogue, context: context
            )
        }
    }
}

/// A K x N matrix, each column in blocks along K that share a scale and a zero point.
struct BlockedWeights: Sendable {
    let rows: Int
    let columns: Int
    private let bits: Int
    private let block: Int

    init(rows: Int, columns: Int, bits: Int, block: Int) throws {
        guard rows >= 1, columns >= 1, rows < 1 << 31, columns < 1 << 31 else {
            throw ONNXError(.malformed, "K is \(rows) and N is \(columns); at least 1 expected")
        }
        guard [2, 4, 8].contains(bits) else { throw ONNXError(.unsupported, "\(bits) bits; 2, 4 and 8 are supported") }
        guard block >= 16, block < 1 << 20, block & (block - 1) == 0 else {
            throw ONNXError(.malformed, "block_size is \(block); a power of two from 16 on expected")
        }
        (self.rows, self.columns, self.bits, self.block) = (rows, columns, bits, block)
    }

    private var blocks: Int { (rows + block - 1) / block }
    private var blobSize: Int { block * bits / 8 }
    /// Bytes of a column's packed zero points.
    private var zeroBytes: Int { (blocks * bits + 7) / 8 }

    /// Throws `.shape` when an input that is there has another size than the attributes say.
    func check(_ b: Tensor?, _ scales: Tensor?, _ zeroPoints: Tensor?) throws {
        if let b, b.count != columns * blocks * blobSize { throw ONNXError(.shape, "B is \(b); \(columns * blocks * blobSize) bytes expected") }
        if let scales, scales.count != columns * blocks { throw ONNXError(.shape, "scales are \(scales); \(columns * blocks) elements expected") }
        guard let zeroPoints else { return }
        let expected = zeroPoints.elementType == .uint8 ? columns * zeroBytes : columns * blocks
        guard zeroPoints.count == expected else { throw ONNXError(.shape, "zero_points are \(zeroPoints); \(expected) elements expected") }
    }

    /// The matrix as floats in panels.
    func packed(_ b: Tensor, _ scales: Tensor, _ zeroPoints: Tensor?) throws -> PackedMatrix {
        try check(b, scales, zeroPoints)
        let wide = try MutableTensor(.float, [columns, rows])
        let (bytes, target, scale) = (try b.bytes(), try wide.elements(Float.self), try scales.elements(Float.self))
        let packedZeros = zeroPoints?.elementType == .uint8 ? try zeroPoints?.bytes() : nil
        let floatZeros = zeroPoints?.elementType == .float ? try zeroPoints?.elements(Float.self) : nil
        let middle = Float(1 << (bits - 1))
        let (perByte, mask) = (8 / bits, UInt8((1 << bits) - 1))
        for column in 0..<columns {
            for index in 0..<blocks {
                let place = column * blocks + index
                let zero =
                    packedZeros.map { Float($0[column * zeroBytes + index / perByte] >> UInt8(index % perByte * bits) & mask) } ?? floatZeros?[place] ?? middle
                for offset in 0..<Swift.min(block, rows - index * block) {
                    let byte = bytes[place * blobSize + offset / perByte]
                    let value = byte >> UInt8(offset % perByte * bits) & mask
                    target[column * rows + index * block + offset] = (Float(value) - zero) * scale[place]
                }
            }
        }
        return try PackedMatrix(target.elements, rows: rows, columns: columns, isTransposed: true)
    }
}
