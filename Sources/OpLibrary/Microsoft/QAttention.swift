internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// Attention whose projection is a product of bytes. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QAttention
    package struct QAttention: Operator {
        package static let schema = OperatorSchema(
            "QAttention", domain: domain, since: [1],
            inputs: [
                .one("input", "T1"), .one("weight", "T2"), .one("bias", "T3"), .one("input_scale", "T3"), .one("weight_scale", "T3"),
                .optional("mask_index", "T4"), .optional("input_zero_point", "T1"), .optional("weight_zero_point", "T2"), .optional("past", "T3"),
            ],
            outputs: [.one("output", "T3"), .optional("present", "T3")], attributes: AttentionOptions.attributes,
            types: ["T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "T3": .tensors(.float, .float16), "T4": .tensors(.int32)])

        private let options: AttentionOptions
        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws { options = try AttentionOptions(node) }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...3, "input")
            try types.checkRank(1, 2...2, "weight")
            let (shape, width) = (types.shape(0), types.shape(1)?[1].size)
            if let width, width % (3 * options.heads) != 0 {
                throw ONNXError(.shape, "weights of \(width) columns don't divide into queries, keys and values of \(options.heads) heads")
            }
            types.set(0, types.element(2), shape.map { [$0[0], $0[1], width.map { .known($0 / 3) } ?? .unknown] })
            types.set(
                1, types.element(2),
                shape.map {
                    let size: Dimension = width.map { .known($0 / 3 / options.heads) } ?? .unknown
                    return [.known(2), $0[0], .known(options.heads), options.total(past: types.type(8), $0[1]), size]
                })
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let weight = constants[1], weight.rank == 2 else { return }
            packed = try PackedBytes(weight, rows: weight.shape[0], columns: weight.shape[1])
        }

        package func run(_ context: RunContext) throws {
            let (x, weight) = (try context.input(0), try context.input(1))
            let (batches, rows, columns) = (x.shape[0], x.shape[1], weight.shape[1])
            guard x.shape[2] == weight.shape[0] else { throw ONNXError(.shape, "input \(x) and weight \(weight) don't fit") }
            let sums = try context.scratch(Int32.self, count: batches * rows * columns)
            try ByteProduct(
                a: try x.reshaped([batches * rows, x.shape[2]]), b: weight, packed: packed, aZero: try context.optionalInput(6),
                bZero: try context.optionalInput(7)
            ).run(into: sums, context)
            let projected = try context.scratch(Float.self, count: sums.count)
            try ScaledSums(
                rowScale: try context.input(3).elements(), columnScale: try context.input(4).elements(), bias: try context.input(2).elements(),
                rows: batches * rows, columns: columns
            ).write(sums.elements, to: projected, context)
            let width = columns / 3
            try ProjectedAttention(projected: projected.elements, batches: batches, rows: rows, widths: [width, width, width], options: options)
                .run(mask: try context.optionalInput(5), past: try context.optionalInput(8), bias: nil, context)
        }
    }
}
