internal import Bytes

/// How the members of a BERT configuration are called in a DistilBERT's.
///
/// BERT's token types and pooler have no place in a DistilBERT: the converter folds the first type into the positions and leaves the pooler.
enum BertMembers {
    private static let names = [
        "hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers", "intermediate_size": "hidden_dim",
        "hidden_dropout_prob": "dropout", "attention_probs_dropout_prob": "attention_dropout", "hidden_act": "activation",
    ]
    /// What a DistilBERT doesn't have.
    private static let dropped: Set<String> = ["type_vocab_size", "layer_norm_eps", "model_type", "position_embedding_type", "use_cache", "architectures"]

    static func translated(_ members: [JSONValue.Member]) throws(ONNXError) -> [JSONValue.Member] {
        for member in members {
            switch member.name {
            case "layer_norm_eps" where member.value.double != 1e-12:
                throw ONNXError(.unsupported, "\"layer_norm_eps\" is \(member.value.summary), but every LayerNorm of a DistilBERT has 1e-12")
            case "position_embedding_type" where member.value.string != "absolute":
                throw ONNXError(.unsupported, "\"position_embedding_type\" is \(member.value.summary), but a DistilBERT's positions are absolute")
            default: break
            }
        }
        return members.compactMap { dropped.contains($0.name) ? nil : JSONValue.Member(names[$0.name] ?? $0.name, $0.value) }
    }
}
