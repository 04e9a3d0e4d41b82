public import Bytes

/// The function between two linear layers: one of transformers' by name, or one that a closure builds of operators.
public struct Activation: Sendable, Equatable, CustomStringConvertible {
    /// Builds the function's nodes on the value `x` and says the name of the result, which has the shape and type of `x`.
    public typealias Build = @Sendable (_ builder: inout GraphBuilder, _ x: String) throws -> String

    /// The name in config.json.
    public let name: String
    let build: Build

    /// x Φ(x), by the error function.
    public static let gelu = Activation("gelu") { builder, x in builder.gelu(x) }
    /// GELU by tanh.
    public static let geluNew = Activation("gelu_new") { builder, x in builder.geluTanh(x) }
    /// max(x, 0).
    public static let relu = Activation("relu") { builder, x in builder.apply("Relu", [x]) }
    /// x sigmoid(x).
    public static let silu = Activation("silu", build: Self.buildSilu)
    /// Another name of `silu`.
    public static let swish = Activation("swish", build: Self.buildSilu)

    /// Every function that has a name.
    public static let named = [gelu, geluNew, relu, silu, swish]

    /// A function of one's own. `name` stands in config.json, from which it can't be read again.
    public init(_ name: String, build: @escaping Build) {
        self.name = name
        self.build = build
    }

    /// The function that config.json names. Throws `.unsupported` for a name that isn't known.
    public init(named name: String) throws(ONNXError) {
        guard let known = Self.named.first(where: { $0.name == name }) else {
            throw ONNXError(
                .unsupported, "the activation \"\(quoted(name))\" isn't known; one of \(Self.named.map(\.name).joined(separator: ", ")) expected",
                remedy: "give DistilBertConfig.activation a closure that builds it")
        }
        self = known
    }

    private static let buildSilu: Build = { builder, x in builder.apply("Mul", [x, builder.apply("Sigmoid", [x])]) }

    /// By name.
    public static func == (a: Activation, b: Activation) -> Bool { a.name == b.name }

    /// The name.
    public var description: String { name }
}
