internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Runs one of two subgraphs. https://onnx.ai/onnx/operators/onnx__If.html
    package struct If: Operator {
        package static let schema = OperatorSchema(
            "If", since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
            inputs: [.one("cond", "B")], outputs: [.variadic("outputs", "V", isHomogeneous: false)],
            attributes: [.required("then_branch", .graph), .required("else_branch", .graph)], types: ["B": .tensors(.bool), "V": .any])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {
            for branch in ["then_branch", "else_branch"] {
                let found = try node.graph(branch).outputs.count
                guard found == node.outputCount else {
                    throw ONNXError(.malformed, "\(branch) gives \(found) outputs, the node has \(node.outputCount)")
                }
            }
        }

        package func infer(_ types: Inference) throws {
            let branches = ["then_branch", "else_branch"].map { name in Result { try types.body(name, []) } }
            // A branch that can't work with these shapes is one that they don't take: models guard so. Taken all the same, it fails then.
            let working = branches.compactMap { try? $0.get() }
            guard let first = working.first else {
                _ = try branches[0].get()
                return
            }
            for index in 0..<types.outputCount {
                types.set(index, working.dropFirst().reduce(first[index]) { ValueType.common($0, $1[index]) })
            }
        }

        package func run(_ context: RunContext) throws {
            let condition = try context.input(0).elements(TensorBool.self)
            guard condition.count == 1 else { throw ONNXError(.shape, "the condition has \(condition.count) elements, 1 expected") }
            for (index, value) in try context.runBody(condition[0].value ? "then_branch" : "else_branch", []).enumerated() {
                context.set(index, value)
            }
        }
    }
}
