internal import Bytes
internal import Converter
internal import OrderedCollections

extension DistilBertTask {
    /// The task that `config` names by its class, or that the weights of a head tell.
    static func inferred(_ configuration: JSONValue, _ checkpoint: Checkpoint) -> DistilBertTask {
        let classes = configuration["architectures"]?.array?.compactMap(\.string) ?? []
        for name in classes {
            // A BERT is loaded as the DistilBERT of its layers.
            let plain = name.hasPrefix("TF") ? String(name.dropFirst(2)) : name
            if let task = DistilBertTask(architecture: plain.hasPrefix("Bert") ? "Distil" + plain : plain) { return task }
        }
        return heads.first { head in checkpoint.entries.keys.contains { $0.contains(head.part) } }?.task ?? .base
    }

    /// Parts of names that only one head has, the most telling first.
    private static let heads: [(part: String, task: DistilBertTask)] = [
        ("qa_outputs", .questionAnswering), ("vocab_transform", .fillMask), ("cls.predictions", .fillMask), ("pre_classifier", .textClassification),
        ("classifier", .tokenClassification),
    ]
}
