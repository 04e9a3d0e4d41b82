internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// Rows of a block-wise quantized table, as floats. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatherBlockQuantized
    package struct GatherBlockQuantized: Operator {
        package static let schema = OperatorSchema(
            "GatherBlockQuantized", domain: domain, since: [1],
            inputs: [.one("data", "T1"), .one("indices", "Tind"), .one("scales", "T2"), .optional("zero_points", "T1")], outputs: [.one("output", "T2")],
            attributes: [
                .defaulted("bits", .int(4)), .defaulted("block_size", .int(128)), .defaulted("gather_axis", .int(0)), .defaulted("quantize_axis", .int(1)),
            ],
            types: [
                "T1": .tensors(.int4, .uint4, .uint8), "T2": .tensors(.float, .float16, .bfloat16), "Tind": .tensors(.indices),
            ])

        private let bits: Int
        private let block: Int

        package init(_ node: NodeReader) throws {
            (bits, block) = (try node.int("bits"), try node.int("block_size"))
            guard bits == 4 || bits == 8 else { throw ONNXError(.unsupported, "\(bits) bits; 4 and 8 are supported") }
            guard block >= 16, block < 1 << 20 else { throw ONNXError(.malformed, "block_size is \(block); 16 or more expected") }
            let (gather, quantize) = (try node.int("gather_axis"), try node.int("quantize_axis"))
            guard gather == 0, quantize == 1 || quantize == -1 else {
                throw ONNXError(
                    .unsupported, "gather_axis \(gather) and quantize_axis \(quantize); rows of a matrix, quantized along its columns, are supported")
            }
        }

        /// Elements of a row: a uint8 tensor of 4-bit elements holds two a byte.
        private func width(_ columns: Int, _ type: ElementType?) -> Int { type == .uint8 && bits == 4 ? columns * 2 : columns }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "data")
            let columns = types.shape(0)?[1].size.map { Dimension.known(width($0, types.element(0))) } ?? .unknown
            types.set(0, types.element(2), types.shape(1).map { $0 + [columns] })
        }

        package func run(_ context: RunContext) throws {
            let (data, indices, scales) = (try context.input(0), try context.input(1).ints(), try context.input(2))
            let isHalved = data.elementType == .uint8 && bits == 4 && context.outputType(0)?.knownShape?.last != data.shape[1]
            let columns = isHalved ? data.shape[1] * 2 : data.shape[1]
            let blocks = (columns + block - 1) / block
            guard scales.shape == [data.shape[0], blocks] else {
                throw ONNXError(.shape, "scales are \(scales); \(Shape.text([data.shape[0], blocks])) expected")
            }
            let (bytes, factors, target) = (try data.bytes(), try scales.elements(Float.self), try context.output().elements(Float.self))
            let zeros = try context.optionalInput(3).map { try ZeroPoints($0, rows: data.shape[0], blocks: blocks, isHalved: isHalved) }
            let isSigned = data.elementType == .int8
            let middle: Float = data.elementType == .uint8 && bits == 8 ? 128 : isHalved ? 8 : 0
            for (place, index) in indices.enumerated() {
                guard let row = Shape.axis(index, rank: data.shape[0]) else {
                    for column in 0..<columns { target[place * columns + column] = 0 }
                    continue
                }
                for column in 0..<columns {
                    let byte = bytes[row * data.shape[1] + (isHalved ? column / 2 : column)]
                    let value = isSigned ? Float(Int8(bitPattern: byte)) : Float(isHalved ? byte >> UInt8(column % 2 * 4) & 15 : byte)
                    let zero = zeros?.value(row: row, block: column / block) ?? middle
                    target[place * columns + column] = (value - zero) * factors[row * blocks + column / block]
                }
            }
        }

        private struct ZeroPoints {
            let bytes: Elements<UInt8>
            let width: Int
            let isHalved: Bool
            let isSigned: Bool

            init(_ tensor: Tensor, rows: Int, blocks: Int, isHalved: Bool) throws {
                bytes = try tensor.bytes()
                width = isHalved ? (blocks + 1) / 2 : blocks
                self.isHalved = isHalved
                isSigned = tensor.elementType == .int8
                guard bytes.count == rows * width else { throw ONNXError(.shape, "zero_points are \(tensor); \(Shape.text([rows, width])) expected") }
            }

            func value(row: Int, block: Int) -> Float {
                let byte = bytes[row * width + (isHalved ? block / 2 : block)]
                return isSigned ? Float(Int8(bitPattern: byte)) : Float(isHalved ? byte >> UInt8(block % 2 * 4) & 15 : byte)
            }
        }
    }
}
