internal import Bytes
package import GraphIR

/// The operators that this engine has, by domain and name.
package struct Registry: Sendable {
    private let operators: [Key: any Operator.Type]

    private struct Key: Hashable {
        let domain: String
        let name: String
    }

    /// Every operator of every domain.
    package static let standard = Registry(
        AiOnnx.operators + AiOnnxMl.operators + AiOnnxPreview.operators + Microsoft.operators + PreviewTraining.operators + Fused.operators)

    package init(_ list: [any Operator.Type]) {
        operators = Dictionary(list.map { (Key(domain: $0.schema.domain, name: $0.schema.name), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// All schemas, by domain, then name.
    package var schemas: [OperatorSchema] {
        operators.values.map { $0.schema }.sorted { ($0.domain, $0.name) < ($1.domain, $1.name) }
    }

    /// The operator of that name. ONNX's own domain has two spellings.
    package func lookUp(domain: String, name: String) -> (any Operator.Type)? {
        operators[Key(domain: domain == "ai.onnx" ? "" : domain, name: name)]
    }

    /// `node`'s operator with its attributes read. `opset` is the version that the node's domain was imported under.
    ///
    /// Throws `.unsupported` for an operator or version that isn't there, `.malformed` for a node that doesn't fit its schema.
    package func bind(_ node: Node, opset: Int) throws -> any Operator {
        guard let type = lookUp(domain: node.domain, name: node.opType) else {
            throw ONNXError(
                .unsupported, "operator \(node.opType) of domain '\(node.domain.isEmpty ? "ai.onnx" : node.domain)' is not supported",
                remedy: "`onnx-run ops` lists those that are")
        }
        if type.schema.domain.isEmpty, opset > AiOnnx.newestOpset {
            throw ONNXError(
                .unsupported, "the model declares opset \(opset) of ai.onnx; \(AiOnnx.newestOpset) is the newest supported",
                remedy: "export again with opset \(AiOnnx.newestOpset) or older")
        }
        return try type.init(try NodeReader(node, opset: opset, schema: type.schema))
    }
}

/// ONNX's own operators. https://onnx.ai/onnx/operators/
package enum AiOnnx {
    /// What a newer opset means is not known, not even for operators that look the same.
    static let newestOpset = 28
}

/// ONNX Runtime's operators, as its optimiser and quantiser write them. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
package enum Microsoft {
    /// The domain as models spell it.
    static let domain = "com.microsoft"
}
