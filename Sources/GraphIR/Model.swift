internal import Bytes
public import OrderedCollections
public import Tensors

/// An ONNX model: a graph, the versions of the operator sets that it uses, and what its producer says of it.
///
/// Source: https://github.com/onnx/onnx/blob/main/docs/IR.md
public struct Model: Sendable {
    /// The version of the format, 3 to 14.
    public var irVersion: Int
    /// The version of each imported operator set by domain; ONNX's own is `""`.
    public var opsetImports: OrderedDictionary<String, Int>
    /// The main graph.
    public var graph: Graph
    /// Model-local functions.
    public var functions: [Function]
    /// The tool that made the model, and its version.
    public var producerName = ""
    /// The version of that tool.
    public var producerVersion = ""
    /// The model's own name space and version.
    public var domain = ""
    /// The version that the producer gives the model.
    public var modelVersion = 0
    /// Free text for people.
    public var documentation = ""
    /// Free properties, among them licence and author.
    public var metadata: OrderedDictionary<String, String> = [:]

    /// The files that hold tensors besides the model's own, as it names them.
    public package(set) var externalFiles: [String] = []

    /// Initializers in the layouts of kernels, as the model's file keeps them.
    package var packedForms: [PackedForm] = []

    /// A model around `graph`.
    public init(irVersion: Int = 10, opsetImports: OrderedDictionary<String, Int>, graph: Graph, functions: [Function] = []) {
        self.irVersion = irVersion
        self.opsetImports = opsetImports
        self.graph = graph
        self.functions = functions
    }
}

/// What a model's file keeps of a constant beside it: its bytes as a kernel wants them, of which only that kernel knows the order.
package struct PackedForm: Sendable {
    /// The layout and the name of the constant, `f32x48/classifier.weight`.
    package let name: String
    /// The constant that it was made from, where the file holds it: another tensor of that name has no packed form.
    package let source: Tensor
    package let bytes: Tensor

    package init(name: String, source: Tensor, bytes: Tensor) {
        (self.name, self.source, self.bytes) = (name, source, bytes)
    }
}

/// Nodes in topological order, the values that enter and leave, and the constants among them.
public struct Graph: Sendable {
    /// The graph's name.
    public var name = ""
    /// Every node after those that it reads from.
    public var nodes: [Node] = []
    /// The values that a run is given. One that is an initializer too has a default.
    public var inputs: [ValueInfo] = []
    /// The values that a run gives.
    public var outputs: [ValueInfo] = []
    /// Constant tensors by name.
    public var initializers: OrderedDictionary<String, Tensor> = [:]
    /// Declared types of other values.
    public var valueInfo: OrderedDictionary<String, ValueInfo> = [:]
    /// Free text for people.
    public var documentation = ""
    /// Free properties.
    public var metadata: OrderedDictionary<String, String> = [:]

    /// An empty graph.
    public init(name: String = "") { self.name = name }
}

/// A named value and its type; the type may be left open.
public struct ValueInfo: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The type, if it is declared.
    public var type: ValueType?
    /// Free text for people.
    public var documentation = ""
    /// Free properties.
    public var metadata: OrderedDictionary<String, String> = [:]

    /// A value called `name`.
    public init(_ name: String, _ type: ValueType? = nil) {
        self.name = name
        self.type = type
    }
}

/// One operator applied to values.
public struct Node: Sendable {
    /// May be empty; not unique.
    public var name = ""
    /// The operator, as `Gather`.
    public var opType: String
    /// The operator's domain; ONNX's own is `""`.
    public var domain = ""
    /// Which of several functions of one name.
    public var overload = ""
    /// The version of the domain's operator set that a node of an inlined function was written in; nil where the model's own import says it.
    public var version: Int?
    /// Names of the values read; an empty one is an optional input left out.
    public var inputs: [String]
    /// Names of the values made; an empty one is not wanted.
    public var outputs: [String]
    /// Constant arguments by name.
    public var attributes: OrderedDictionary<String, Attribute>
    /// Free text for people.
    public var documentation = ""
    /// Free properties.
    public var metadata: OrderedDictionary<String, String> = [:]

    /// A node that applies `opType`.
    public init(
        _ opType: String, domain: String = "", name: String = "", inputs: [String], outputs: [String], attributes: OrderedDictionary<String, Attribute> = [:]
    ) {
        self.opType = opType
        self.domain = domain
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }
}

extension Node: CustomStringConvertible {
    /// The operator and the node's name, or its first output where it has none: `Gather '/embeddings/Gather'`.
    public var description: String {
        let label = name.isEmpty ? outputs.first { !$0.isEmpty }.map { "→ '\(quoted($0))'" } ?? "" : "'\(quoted(name))'"
        return quoted(domain.isEmpty ? opType : "\(domain).\(opType)") + (label.isEmpty ? "" : " " + label)
    }
}

/// A constant argument of a node.
public indirect enum Attribute: Sendable {
    case float(Float)
    case int(Int64)
    case string(String)
    case tensor(Tensor)
    case graph(Graph)
    case type(ValueType)
    case floats([Float])
    case ints([Int64])
    case strings([String])
    case tensors([Tensor])
    case graphs([Graph])
    case types([ValueType])
    /// The attribute of that name of the function that the node stands in.
    case reference(String, AttributeKind)

    /// Which kind the attribute is of.
    public var kind: AttributeKind {
        switch self {
        case .float: .float
        case .int: .int
        case .string: .string
        case .tensor: .tensor
        case .graph: .graph
        case .type: .type
        case .floats: .floats
        case .ints: .ints
        case .strings: .strings
        case .tensors: .tensors
        case .graphs: .graphs
        case .types: .types
        case .reference(_, let kind): kind
        }
    }
}

/// The kinds of attributes, with the numbers of `AttributeProto.AttributeType`. Sparse tensors are read as dense ones.
public enum AttributeKind: Int32, Sendable, CaseIterable {
    case float = 1
    case int = 2
    case string = 3
    case tensor = 4
    case graph = 5
    case floats = 6
    case ints = 7
    case strings = 8
    case tensors = 9
    case graphs = 10
    case sparseTensor = 11
    case sparseTensors = 12
    case type = 13
    case types = 14
}

/// A named subgraph that a node calls as if it were an operator.
public struct Function: Sendable {
    /// The name.
    public var name: String
    /// The domain that calls name.
    public var domain: String
    /// Which of several functions of one name.
    public var overload = ""
    /// Names of the formal inputs and outputs.
    public var inputs: [String] = []
    /// Names of the values made.
    public var outputs: [String] = []
    /// Attributes that a call must give.
    public var attributeNames: [String] = []
    /// Attributes with a default.
    public var attributeDefaults: OrderedDictionary<String, Attribute> = [:]
    /// The body.
    public var nodes: [Node] = []
    /// The operator sets that the body is written in.
    public var opsetImports: OrderedDictionary<String, Int> = [:]
    /// Declared types of values of the body.
    public var valueInfo: OrderedDictionary<String, ValueInfo> = [:]
    /// Free text for people.
    public var documentation = ""
    /// Free properties.
    public var metadata: OrderedDictionary<String, String> = [:]

    /// A function without a body yet.
    public init(_ name: String, domain: String) {
        self.name = name
        self.domain = domain
    }
}
