internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// In training, zeroes elements at random and scales the others; otherwise gives them as they are. https://onnx.ai/onnx/operators/onnx__Dropout.html
    package struct Dropout: Operator {
        package static let schema = OperatorSchema(
            "Dropout", since: [1, 6, 7, 10, 12, 13, 22],
            inputs: [.one("data", "T"), .optional("ratio", "T1", since: 12), .optional("training_mode", "T2", since: 12)],
            outputs: [
                .one("output", "T"), .optional("mask", "T", until: 9), .optional("mask", "T1", since: 10, until: 11),
                .optional("mask", "T2", since: 12),
            ],
            attributes: [
                .defaulted("ratio", .float(0.5), until: 11), .optional("seed", .int, since: 12), .defaulted("is_test", .int(0), until: 6),
                .optional("consumed_inputs", .ints, until: 5),
            ],
            types: ["T": .tensors([.floats, .float8]), "T1": .tensors([.floats, .float8, .bool]), "T2": .tensors(.bool)], isDeterministic: false)

        private let seed: UInt64?
        private let masksInOwnType: Bool
        /// The ratio of a node that says in its attributes that it trains, as nodes before opset 7 do.
        private let trainingRatio: Double?

        package init(_ node: NodeReader) throws {
            seed = node.optionalInt("seed").map { UInt64(truncatingIfNeeded: $0) }
            masksInOwnType = node.version < 10
            trainingRatio = try node.version < 7 && !node.flag("is_test") ? Double(node.float("ratio")) : nil
        }

        package func infer(_ types: Inference) throws {
            for index in 1..<3 where types.shape(index)?.contains(where: { $0.size.map { $0 != 1 } ?? false }) == true {
                throw ONNXError(.shape, "'\(index == 1 ? "ratio" : "training_mode")' has one element, \(types.type(index)?.description ?? "") found")
            }
            types.set(0, types.element(0), types.shape(0))
            types.set(1, masksInOwnType ? types.element(0) : .bool, types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let training = try context.optionalInput(2).map { try Self.only($0).elements(TensorBool.self)[0].value } ?? (trainingRatio != nil)
            let ratio = try context.optionalInput(1).map { try Conversion.doubles(try Self.only($0), context)[0] } ?? trainingRatio ?? 0.5
            guard !training || (0..<1).contains(ratio) else { throw ONNXError(.shape, "ratio \(ratio) is not in [0, 1)") }
            let x = try context.input(0)
            let drops = training && ratio > 0
            try x.elementType.visitFloat(
                Mask(context: context, x: x, ratio: drops ? ratio : 0, stream: drops ? Philox(seed: seed ?? context.nextSeed()) : nil))
        }

        private static func only(_ tensor: Tensor) throws -> Tensor {
            guard tensor.count == 1 else { throw ONNXError(.shape, "one element expected, \(tensor) found") }
            return tensor
        }

        private struct Mask: FloatVisitor {
            let context: RunContext
            let x: Tensor
            let ratio: Double
            let stream: Philox?

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (input, output) = (try x.elements(T.self), try context.output().elements(T.self))
                let mask = context.isWanted(1) ? try context.output(1) : nil
                let bools = mask?.elementType == .bool ? try mask?.elements(TensorBool.self) : nil
                let own = mask?.elementType == .bool ? nil : try mask?.elements(T.self)
                let (ratio, stream, scale) = (ratio, stream, 1 / (1 - ratio))
                try context.parallel(input.count, grain: ElementLoop.grain) { part in
                    for index in part {
                        let isKept = stream.map { $0.uniform(index) >= ratio } ?? true
                        output[index] = isKept ? T(Double(input[index]) * scale) : 0
                        bools?[index] = TensorBool(isKept)
                        own?[index] = isKept ? 1 : 0
                    }
                }
            }
        }
    }
}
