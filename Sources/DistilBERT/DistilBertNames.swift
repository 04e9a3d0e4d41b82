/// What weights are called in the state dict of transformers' class.
struct DistilBertNames: Sendable {
    let task: DistilBertTask

    /// What every weight of the base model begins with in a model with a head.
    var base: String { task == .base ? "" : "distilbert." }
    var wordEmbeddings: String { base + "embeddings.word_embeddings.weight" }
    var positionEmbeddings: String { base + "embeddings.position_embeddings.weight" }
    var embeddingsNorm: String { base + "embeddings.LayerNorm" }

    func layer(_ index: Int) -> String { base + "transformer.layer.\(index)." }
}
