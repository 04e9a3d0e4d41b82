public import Bytes
public import Tokenizers

/// Texts as vectors that lie near one another where the texts mean the like.
public struct SentenceEmbedder: Sendable {
    /// How the vectors of a text's tokens become one.
    public enum Pooling: String, Sendable, CaseIterable {
        /// Their mean, padding aside.
        case mean
        /// That of [CLS], the first token.
        case cls
    }

    /// How the vectors of tokens become one.
    public var pooling: Pooling
    /// Whether vectors are brought to length 1.
    public var normalizes: Bool
    private let model: TextModel
    private let output: TextModel.Output

    /// A text's vector.
    public struct Result: Sendable, Equatable {
        /// The components.
        public let embedding: [Float]
        /// Whether the text had more tokens than the model takes, and was cut.
        public let isTruncated: Bool
    }

    /// Without a `pooling` it is as sentence-transformers' 1_Pooling/config.json in the model's folder says, or the mean where there is none.
    ///
    /// Throws `.unsupported` for a model without hidden states of [batch, sequence, dimensions], and for a 1_Pooling/config.json that asks for another pooling.
    public init(_ model: TextModel, pooling: Pooling? = nil, normalizes: Bool = false) throws(ONNXError) {
        self.model = model
        if let pooling { self.pooling = pooling } else { self.pooling = try Self.pooling(of: model.configuration) }
        self.normalizes = normalizes
        output = try model.output(["last_hidden_state", "token_embeddings"], rank: 3, hasTokens: true, for: "embeddings")
    }

    private static func pooling(of configuration: TextModelConfiguration) throws(ONNXError) -> Pooling {
        switch configuration.poolingModes {
        case nil, ["mean_tokens"]: return .mean
        case ["cls_token"]: return .cls
        case let modes?:
            let found = modes.isEmpty ? "nothing" : modes.map { quoted($0) }.joined(separator: " and ")
            throw ONNXError(
                .unsupported, "1_Pooling/config.json sets the pooling mode \(found); mean_tokens or cls_token expected",
                remedy: "name the pooling that you want: mean or cls")
        }
    }

    /// The vector of each text.
    public func embed(_ texts: [DistilBertTokenizer.Input]) throws -> [Result] {
        let encodings = try model.encode(texts)
        var results = [Result?](repeating: nil, count: texts.count)
        try model.run(encodings, outputs: [output]) { index, rows in
            let encoding = encodings[index]
            let pooled = pooling == .cls ? rows[0].vector().map(Double.init) : Self.mean(rows[0], count: encoding.count)
            let length = normalizes ? max(pooled.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12) : 1
            results[index] = Result(embedding: pooled.map { Float($0 / length) }, isTruncated: !encoding.overflowing.isEmpty)
        }
        return results.compactMap { $0 }
    }

    private static func mean(_ rows: OutputRows, count: Int) -> [Double] {
        var sum = [Double](repeating: 0, count: rows.shape.last ?? 0)
        for token in 0..<count { for (index, component) in rows.vector(token).enumerated() { sum[index] += Double(component) } }
        return sum.map { $0 / Double(max(1, count)) }
    }

    /// The cosine of the angle between two vectors; 0 where one has no direction.
    public static func similarity(_ a: [Float], _ b: [Float]) -> Float {
        func product(_ x: [Float], _ y: [Float]) -> Double { zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        let length = (product(a, a) * product(b, b)).squareRoot()
        return length > 0 ? Float(product(a, b) / length) : 0
    }
}
