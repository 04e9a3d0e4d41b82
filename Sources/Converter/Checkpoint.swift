public import OrderedCollections
public import Tensors

/// Named tensors as a checkpoint carries them, whatever its format, in the order of the file.
///
/// Opening reads names, shapes and element types; a tensor's bytes are read, or mapped where the format allows it, when `Entry.tensor()` asks for them.
public struct Checkpoint: Sendable {
    /// How a checkpoint is written down.
    public enum Format: String, Sendable, CaseIterable {
        /// safetensors, in one file or in shards with an index.
        case safetensors
        /// PyTorch's zip archive with a pickle (`pytorch_model.bin`), in one file or in shards with an index.
        case pytorch
        /// Keras weights in HDF5 (`tf_model.h5`).
        case keras
        /// A TensorFlow checkpoint bundle (`.index` with `.data-*`).
        case tensorflow
    }

    /// One tensor of a checkpoint.
    public struct Entry: Sendable {
        /// The name in the file.
        public let name: String
        /// The extents, outermost first.
        public let shape: [Int]
        /// The type of the elements in the file.
        public let elementType: ElementType
        private let read: @Sendable () throws -> Tensor

        package init(name: String, shape: [Int], elementType: ElementType, read: @escaping @Sendable () throws -> Tensor) {
            self.name = name
            self.shape = shape
            self.elementType = elementType
            self.read = read
        }

        /// The values.
        ///
        /// - Throws: `ONNXError` where the bytes can't be read or don't fit the shape.
        public func tensor() throws -> Tensor { try read() }
    }

    /// How the file is written.
    public let format: Format
    /// The tensors by name, in the order of the file.
    public let entries: OrderedDictionary<String, Entry>
    /// What the file says about itself, as `{"format": "pt"}`.
    public let metadata: [String: String]

    package init(format: Format, entries: OrderedDictionary<String, Entry>, metadata: [String: String] = [:]) {
        self.format = format
        self.entries = entries
        self.metadata = metadata
    }
}
