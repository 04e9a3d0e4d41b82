extension NameRules {
    /// DistilBERT's checkpoints of every age, PyTorch's and TensorFlow's, and BERT's, whose layers are the same.
    ///
    /// Source: https://github.com/huggingface/transformers/blob/main/src/transformers/models/distilbert/modeling_distilbert.py and modeling_bert.py
    package static let distilBert = NameRules(
        prefixes: ["distilbert", "bert", "module", "model", "_orig_mod", "tf_*"],
        endings: [
            ("kernel", "weight", true),
            ("gamma", "weight", false),
            ("beta", "bias", false),
            ("embeddings", "weight", false),
            ("output_weights", "weight", false),
            ("output_bias", "bias", false),
        ],
        paths: [
            ("encoder.layer.#.attention.self.query.*", "transformer.layer.#.attention.q_lin.*"),
            ("encoder.layer.#.attention.self.key.*", "transformer.layer.#.attention.k_lin.*"),
            ("encoder.layer.#.attention.self.value.*", "transformer.layer.#.attention.v_lin.*"),
            ("encoder.layer.#.attention.output.dense.*", "transformer.layer.#.attention.out_lin.*"),
            ("encoder.layer.#.attention.output.LayerNorm.*", "transformer.layer.#.sa_layer_norm.*"),
            ("encoder.layer.#.intermediate.dense.*", "transformer.layer.#.ffn.lin1.*"),
            ("encoder.layer.#.output.dense.*", "transformer.layer.#.ffn.lin2.*"),
            ("encoder.layer.#.output.LayerNorm.*", "transformer.layer.#.output_layer_norm.*"),
            ("cls.predictions.transform.dense.*", "vocab_transform.*"),
            ("cls.predictions.transform.LayerNorm.*", "vocab_layer_norm.*"),
            ("cls.predictions.decoder.*", "vocab_projector.*"),
            ("cls.predictions.bias", "vocab_projector.bias"),
            // TensorFlow names variables by the attributes that hold them, or without an ending.
            ("embeddings.weight", "embeddings.word_embeddings.weight"),
            ("embeddings.word_embeddings", "embeddings.word_embeddings.weight"),
            ("embeddings.position_embeddings", "embeddings.position_embeddings.weight"),
            ("vocab_projector.input_embeddings.weight", "embeddings.word_embeddings.weight"),
        ],
        ignored: [
            ("embeddings.position_ids", "a buffer that counts the positions"),
            ("embeddings.token_type_ids", "a buffer of zeros"),
            ("pooler.*", "DistilBERT has no pooler"),
            ("cls.seq_relationship.*", "DistilBERT doesn't predict next sentences"),
            ("global_step", "of the training, not of the model"),
            ("save_counter", "of the training, not of the model"),
            ("optimizer.*", "of the training, not of the model"),
        ],
        // A DistilBERT has one type of token, so that the row of the first type is a constant, added wherever a position is.
        additions: [
            ("embeddings.token_type_embeddings.weight", 0, "embeddings.position_embeddings.weight"),
            ("embeddings.token_type_embeddings", 0, "embeddings.position_embeddings.weight"),
        ])

    private init(
        prefixes: [String], endings: [(String, String, Bool)], paths: [(String, String)], ignored: [(String, String)], additions: [(String, Int, String)]
    ) {
        self.prefixes = prefixes
        self.endings = endings.map { Ending(found: $0, means: $1, isTransposed: $2) }
        self.paths = paths.map { Path(found: $0.split(separator: "."), means: $1.split(separator: ".")) }
        self.ignored = ignored.map { Ignored(found: $0.split(separator: "."), reason: $1) }
        self.additions = additions.map { Addition(found: $0.split(separator: "."), row: $1, target: $2) }
    }
}
