internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Runs a subgraph a number of times, or while a condition holds. https://onnx.ai/onnx/operators/onnx__Loop.html
    package struct Loop: Operator {
        package static let schema = OperatorSchema(
            "Loop", since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
            inputs: [
                .optional("M", "I"), .optional("cond", "B"), .variadic("v_initial", "V", minimum: 1, isHomogeneous: false, until: 10),
                .variadic("v_initial", "V", minimum: 0, isHomogeneous: false, since: 11),
            ], outputs: [.variadic("v_final_and_scan_outputs", "V", isHomogeneous: false)],
            attributes: [.required("body", .graph)], types: ["V": .any, "I": .tensors(.int64), "B": .tensors(.bool)], isDeterministic: false)
        package static let narrowTypes = NarrowTypes.asStored

        private let carriedCount: Int
        private let scanCount: Int

        package init(_ node: NodeReader) throws {
            let body = try node.graph("body")
            carriedCount = Swift.max(0, node.inputCount - 2)
            scanCount = body.outputs.count - 1 - carriedCount
            guard body.inputs.count == carriedCount + 2, scanCount >= 0, node.outputCount <= carriedCount + scanCount else {
                throw ONNXError(
                    .malformed,
                    "the body has \(body.inputs.count) inputs and \(body.outputs.count) outputs, the node carries \(carriedCount) values to \(node.outputCount) outputs"
                )
            }
            guard node.hasInput(0) || node.hasInput(1) else {
                throw ONNXError(.unsupported, "neither a number of iterations nor a condition is given: the loop would never end")
            }
        }

        package func infer(_ types: Inference) throws {
            var carried = (0..<carriedCount).map { types.type($0 + 2) }
            var found: [ValueType?] = []
            // Extents that grow become unknown in the first pass and ranks in the second, so that the third changes nothing.
            for _ in 0..<3 {
                found = try types.body("body", [.tensor(.int64, []), .tensor(.bool, [])] + carried)
                let next = (0..<carriedCount).map { ValueType.common(carried[$0], found[$0 + 1]) }
                if next == carried { break }
                carried = next
            }
            for index in 0..<carriedCount { types.set(index, carried[index]) }
            for index in 0..<scanCount {
                let element = found[1 + carriedCount + index]
                types.set(carriedCount + index, element?.elementType, element?.shape.map { [.unknown] + $0 })
            }
        }

        package func run(_ context: RunContext) throws {
            let limit = try context.optionalInput(0).map { try Self.scalar(try $0.ints(), "M") } ?? .max
            let isConditional = context.value(1) != nil
            var holds = try context.optionalInput(1).map { try Self.scalar(try $0.array(of: TensorBool.self), "cond").value } ?? true
            var carried = try (0..<carriedCount).map { index in
                guard let value = context.value(index + 2) else { throw ONNXError(.shape, "input \(index + 2) is missing") }
                return value
            }
            var results = IterationResults(count: scanCount)
            var iteration = 0
            while holds && iteration < limit {
                let counters = [Value.tensor(try Tensor(scalar: Int64(iteration))), .tensor(try Tensor(scalar: TensorBool(holds)))]
                let values = try context.runBody("body", counters + carried)
                guard values.count == 1 + carriedCount + scanCount else { throw ONNXError(.shape, "the body gave \(values.count) values") }
                if isConditional { holds = try Self.scalar(try values[0].tensor?.array(of: TensorBool.self) ?? [], "the condition").value }
                carried = Array(values[1..<(1 + carriedCount)])
                try results.append(values[(1 + carriedCount)...], context)
                iteration += 1
            }
            for (index, value) in carried.enumerated() { context.set(index, value) }
            for (index, tensors) in results.tensors.enumerated() where context.isWanted(carriedCount + index) {
                try context.stack(tensors, output: carriedCount + index, axis: 0)
            }
        }

        private static func scalar<T>(_ values: [T], _ name: String) throws -> T {
            guard values.count == 1 else { throw ONNXError(.shape, "\(name) has \(values.count) elements, 1 expected") }
            return values[0]
        }
    }
}
