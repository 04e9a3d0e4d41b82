/// The bounds that untrusted files and graphs are held to. Every one can be raised by the caller.
public struct Limits: Sendable, Equatable {
    /// Levels of protobuf messages within one another; one subgraph costs three.
    public var protobufDepth = 100
    /// Graphs within graphs.
    public var subgraphDepth = 32
    /// Nodes of a model after its functions are inlined.
    public var nodes = 1_000_000
    /// Memory for a model's structure: everything but the bytes of its tensors.
    public var structureBytes = 512 << 20
    /// Bytes that a model's tensors declare together; several may lie over one another.
    public var tensorBytes = 1 << 40
    /// Bytes of all dense tensors that are made of sparse ones.
    public var densifiedBytes = 256 << 20
    /// Dimensions of a tensor.
    public var rank = 32
    /// Bytes of a name.
    public var nameBytes = 65_536
    /// Bytes of a JSON text.
    public var jsonBytes = 100_000_000
    /// Arrays and objects of a JSON text within one another.
    public var jsonDepth = 64
    /// Entries of a zip archive.
    public var zipEntries = 100_000
    /// Inflated bytes for one deflated byte.
    public var inflateRatio = 200
    /// Bytes of a constant that folding may create.
    public var foldedConstantBytes = 64 << 20

    /// The default bounds.
    public init() {}
}
