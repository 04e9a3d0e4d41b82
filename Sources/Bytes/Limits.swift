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
    /// Bytes of the pickle in a PyTorch checkpoint; its tensors don't count.
    public var pickleBytes = 64 << 20
    /// Steps that a pickle may take.
    public var pickleOperations = 50_000_000
    /// Values that a pickle makes, puts together and remembers; some 35 for each tensor.
    public var pickleValues = 4_000_000
    /// Values on a pickle's stack, and marks within one another.
    public var pickleStack = 1_000_000
    /// Bytes of a tensor that repeats the elements of a smaller storage (strides of 0).
    public var expandedBytes = 256 << 20
    /// Files that one sharded checkpoint names.
    public var shards = 10_000
    /// Objects, links, messages and tree nodes of an HDF5 file that are visited.
    public var hdf5Objects = 1_000_000
    /// Groups of an HDF5 file within one another.
    public var hdf5Depth = 64
    /// Bytes of a constant that folding may create.
    public var foldedConstantBytes = 64 << 20

    /// The default bounds.
    public init() {}
}
