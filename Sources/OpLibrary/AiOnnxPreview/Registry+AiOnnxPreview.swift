/// ONNX's operators that are still being tried. https://onnx.ai/onnx/operators/#ai-onnx-preview
package enum AiOnnxPreview {
    static let domain = "ai.onnx.preview"

    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] = [
        FlexAttention.self
    ]
}
