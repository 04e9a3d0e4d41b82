internal import Bytes
internal import GraphIR
internal import Tensors

/// What RNN, GRU and LSTM have in common: attributes, and the rule of shapes.
struct RecurrentAttributes: Sendable {
    enum Direction: String, CaseIterable, Sendable {
        case forward, reverse, bidirectional
    }

    /// The number of weight matrices of a cell.
    let gates: Int
    let direction: Direction
    let isBatchFirst: Bool
    private let hiddenSize: Int?
    private let clip: Double
    private let functions: [RecurrentActivation]

    /// `defaults` are the activations of one direction.
    init(_ node: NodeReader, gates: Int, defaults: [String]) throws {
        self.gates = gates
        direction = try node.choice("direction")
        isBatchFirst = (node.optionalInt("layout") ?? 0) != 0
        hiddenSize = node.optionalInt("hidden_size")
        clip = node.optionalFloat("clip").map(Double.init) ?? .infinity
        guard clip >= 0 else { throw ONNXError(.malformed, "attribute 'clip' is \(clip), 0 or more expected") }
        let count = defaults.count * (direction == .bidirectional ? 2 : 1)
        functions = try RecurrentActivation.read(node, count: count, defaults: defaults)
    }

    var directions: Int { direction == .bidirectional ? 2 : 1 }
    func isReversed(_ index: Int) -> Bool { direction == .reverse || index == 1 }

    /// The activations of a direction.
    func functions(_ index: Int) -> [RecurrentActivation] {
        let count = functions.count / directions
        return Array(functions[index * count..<(index + 1) * count])
    }

    /// What an activation is given.
    @inline(__always)
    func clipped<T: BinaryFloatingPoint>(_ x: T) -> T {
        if clip == .infinity { return x }
        return Swift.min(Swift.max(x, T(-clip)), T(clip))
    }

    /// The attributes of a schema.
    static let schema: [AttributeSchema] = [
        .optional("activation_alpha", .floats), .optional("activation_beta", .floats), .optional("clip", .float),
        .defaulted("direction", .string("forward")), .optional("hidden_size", .int), .defaulted("layout", .int(0), since: 14),
    ]

    /// The inputs that all have, up to the state.
    static let inputs: [Parameter] = [
        .one("X", "T"), .one("W", "T"), .one("R", "T"), .optional("B", "T"), .optional("sequence_lens", "T1"), .optional("initial_h", "T"),
    ]

    static let types: [String: TypeSet] = ["T": .tensors(.floats), "T1": .tensors(.int32)]

    /// Checks inputs 0 to 5 and sets outputs 0 and 1. Gives the shape of a state, and the hidden size if it is known.
    func infer(_ types: Inference) throws -> (state: [Dimension], hidden: Int?) {
        let x = types.shape(0)
        let hidden = hiddenSize ?? types.shape(2)?.last?.size
        guard hidden.map({ $0 > 0 && $0 <= WindowAttributes.limit }) ?? true else {
            throw ONNXError(.shape, "the hidden size is \(hidden ?? 0), 1 or more expected")
        }
        try types.checkRank(0, 3...3, "X")
        let (steps, batch) = isBatchFirst ? (x?[1], x?[0]) : (x?[0], x?[1])
        let (one, rows) = (Dimension.known(directions), hidden.map { gates * $0 })
        try Self.check(types, 1, "W", [directions, rows, x?[2].size])
        try Self.check(types, 2, "R", [directions, rows, hidden])
        try Self.check(types, 3, "B", [directions, rows.map { 2 * $0 }])
        try Self.check(types, 4, "sequence_lens", [batch?.size])
        try Self.check(types, 5, "initial_h", isBatchFirst ? [batch?.size, directions, hidden] : [directions, batch?.size, hidden])
        let (count, size) = (batch ?? .unknown, hidden.map(Dimension.known) ?? .unknown)
        let state = isBatchFirst ? [count, one, size] : [one, count, size]
        types.set(0, types.element(0), isBatchFirst ? [count, steps ?? .unknown, one, size] : [steps ?? .unknown, one, count, size])
        types.set(1, types.element(0), state)
        return (state, hidden)
    }

    /// Throws `.shape` unless an input has the extents that are known.
    static func check(_ types: Inference, _ input: Int, _ name: String, _ expected: [Int?]) throws {
        guard let shape = types.shape(input) else { return }
        guard shape.count == expected.count, zip(shape, expected).allSatisfy({ $0.size == nil || $1 == nil || $0.size == $1 }) else {
            let (found, wanted) = (shape.map(\.description).joined(separator: ","), expected.map { $0.map(String.init) ?? "?" }.joined(separator: ","))
            throw ONNXError(.shape, "'\(name)' has shape [\(found)]; [\(wanted)] expected")
        }
    }
}
