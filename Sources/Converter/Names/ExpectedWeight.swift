/// A weight that a model of a given configuration and task has.
public struct ExpectedWeight: Sendable, Hashable {
    /// The name in the state dict of the transformers class, as `distilbert.embeddings.word_embeddings.weight`.
    public let name: String
    /// The extents, outermost first.
    public let shape: [Int]
    /// The weight that this one is the same tensor as, so that a checkpoint may leave it out.
    public let tiedTo: String?

    /// A weight called `name`.
    public init(_ name: String, _ shape: [Int], tiedTo: String? = nil) {
        self.name = name
        self.shape = shape
        self.tiedTo = tiedTo
    }
}
