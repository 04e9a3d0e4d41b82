/// The name of a model on the Hugging Face hub: `ORG/NAME`, or `NAME` alone as the oldest models have it.
struct RepositoryName: Hashable {
    let text: String

    /// Nil where the hub couldn't have such a name, as one with `..` or an empty part.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.utf8.count <= 96, (1...2).contains(parts.count), !text.contains("--"), !text.contains("..") else { return nil }
        for part in parts {
            guard let first = part.utf8.first, let last = part.utf8.last, part.utf8.allSatisfy(Self.isPlain) else { return nil }
            let separators = [UInt8(ascii: "-"), UInt8(ascii: ".")]
            guard !separators.contains(first), !separators.contains(last) else { return nil }
        }
        self.text = text
    }

    /// The entry's folder in the cache.
    var cacheEntry: String { "models--" + text.split(separator: "/").joined(separator: "--") }

    /// This name and the other that the same model has, the one asked for first.
    var names: [RepositoryName] {
        guard let twin = Self.archive.first(where: { $0 == text || "distilbert/" + $0 == text }) else { return [self] }
        return [self, RepositoryName(twin == text ? "distilbert/" + twin : twin)].compactMap { $0 }
    }

    /// The name that the hub gives it today.
    var current: RepositoryName { names.max { $0.text.utf8.count < $1.text.utf8.count } ?? self }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// The documented checkpoints, which have moved beneath `distilbert/`.
    ///
    /// Source: https://huggingface.co/transformers/v2.11.0/pretrained_models.html
    private static let archive = [
        "distilbert-base-uncased", "distilbert-base-uncased-distilled-squad", "distilbert-base-cased", "distilbert-base-cased-distilled-squad",
        "distilbert-base-german-cased", "distilbert-base-multilingual-cased", "distilbert-base-uncased-finetuned-sst-2-english",
    ]
}
