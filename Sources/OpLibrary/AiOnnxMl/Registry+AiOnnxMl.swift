/// ONNX's operators of classical machine learning. https://onnx.ai/onnx/operators/#ai-onnx-ml
package enum AiOnnxMl {
    static let domain = "ai.onnx.ml"

    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] = [
        ArrayFeatureExtractor.self,
        Binarizer.self,
        LabelEncoder.self,
        TreeEnsemble.self,
    ]
}
