internal import CKernels
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// What a step of an element-wise program does, under ONNX's name where ONNX has the function.
package enum ElementFunction: String, CaseIterable, Sendable {
    case add = "Add", subtract = "Sub", multiply = "Mul", divide = "Div", greatest = "Max", least = "Min"
    case negative = "Neg", magnitude = "Abs", squareRoot = "Sqrt", reciprocal = "Reciprocal", exp = "Exp", log = "Log", erf = "Erf", tanh = "Tanh"
    case sigmoid = "Sigmoid", relu = "Relu", floor = "Floor", ceiling = "Ceil", round = "Round"
    case gelu = "Gelu", geluTanh = "GeluTanh", silu = "Silu"
    /// Clip without an upper and without a lower limit.
    case atLeast = "AtLeast", atMost = "AtMost"
    case clip = "Clip", leakyRelu = "LeakyRelu"
    /// Pow with exponents 3 and 0.5.
    case cube = "Cube", root = "Root"
    case select = "Where"
    /// A condition as 1 or 0.
    case truth = "Truth"

    package var operandCount: Int {
        switch self {
        case .add, .subtract, .multiply, .divide, .greatest, .least, .atLeast, .atMost, .leakyRelu: 2
        case .clip, .select: 3
        default: 1
        }
    }

    /// Whether the first operand is a condition.
    package var takesCondition: Bool { self == .select || self == .truth }

    var kernel: (kind: ck_step_kind, function: UInt32) {
        switch self {
        case .add: (CK_STEP_BINARY, CK_ADD.rawValue)
        case .subtract: (CK_STEP_BINARY, CK_SUB.rawValue)
        case .multiply: (CK_STEP_BINARY, CK_MUL.rawValue)
        case .divide: (CK_STEP_BINARY, CK_DIV.rawValue)
        case .greatest: (CK_STEP_BINARY, CK_MAX.rawValue)
        case .least: (CK_STEP_BINARY, CK_MIN.rawValue)
        case .negative: (CK_STEP_UNARY, CK_NEG.rawValue)
        case .magnitude: (CK_STEP_UNARY, CK_ABS.rawValue)
        case .squareRoot: (CK_STEP_UNARY, CK_SQRT.rawValue)
        case .reciprocal: (CK_STEP_UNARY, CK_RECIPROCAL.rawValue)
        case .exp: (CK_STEP_UNARY, CK_EXP.rawValue)
        case .log: (CK_STEP_UNARY, CK_LOG.rawValue)
        case .erf: (CK_STEP_UNARY, CK_ERF.rawValue)
        case .tanh: (CK_STEP_UNARY, CK_TANH.rawValue)
        case .sigmoid: (CK_STEP_UNARY, CK_SIGMOID.rawValue)
        case .relu: (CK_STEP_UNARY, CK_RELU.rawValue)
        case .floor: (CK_STEP_UNARY, CK_FLOOR.rawValue)
        case .ceiling: (CK_STEP_UNARY, CK_CEIL.rawValue)
        case .round: (CK_STEP_UNARY, CK_ROUND.rawValue)
        case .gelu: (CK_STEP_UNARY, CK_GELU_ERF.rawValue)
        case .geluTanh: (CK_STEP_UNARY, CK_GELU_TANH.rawValue)
        case .silu: (CK_STEP_UNARY, CK_SILU.rawValue)
        case .atLeast: (CK_STEP_AT_LEAST, 0)
        case .atMost: (CK_STEP_AT_MOST, 0)
        case .clip: (CK_STEP_CLIP, 0)
        case .leakyRelu: (CK_STEP_LEAKY_RELU, 0)
        case .cube: (CK_STEP_CUBE, 0)
        case .root: (CK_STEP_ROOT, 0)
        case .select: (CK_STEP_WHERE, 0)
        case .truth: (CK_STEP_TRUTH, 0)
        }
    }

    /// The same in ONNX's operators.
    func nodes(_ x: [String], to y: String) -> [Node] {
        func chosen(_ comparison: String, _ limit: String, _ x: String, _ y: String) -> [Node] {
            [
                Node(comparison, inputs: [x, limit], outputs: ["\(y)_beyond"]), Node("Where", inputs: ["\(y)_beyond", limit, x], outputs: [y]),
            ]
        }
        func number(_ value: Float) -> Node { Node("Constant", inputs: [], outputs: ["\(y)_number"], attributes: ["value_float": .float(value)]) }
        switch self {
        case .gelu: return ActivationFunction.gelu.nodes(from: x[0], to: y)
        case .geluTanh: return ActivationFunction.geluTanh.nodes(from: x[0], to: y)
        case .silu: return ActivationFunction.silu.nodes(from: x[0], to: y)
        case .atLeast: return chosen("Less", x[1], x[0], y)
        case .atMost: return chosen("Greater", x[1], x[0], y)
        case .clip: return chosen("Less", x[1], x[0], "\(y)_raised") + chosen("Greater", x[2], "\(y)_raised", y)
        case .leakyRelu:
            return [
                number(0), Node("Less", inputs: [x[0], "\(y)_number"], outputs: ["\(y)_below"]),
                Node("Mul", inputs: [x[0], x[1]], outputs: ["\(y)_scaled"]), Node("Where", inputs: ["\(y)_below", "\(y)_scaled", x[0]], outputs: [y]),
            ]
        case .cube, .root: return [number(self == .cube ? 3 : 0.5), Node("Pow", inputs: [x[0], "\(y)_number"], outputs: [y])]
        case .truth: return [Node("Cast", inputs: x, outputs: [y], attributes: ["to": .int(Int64(ElementType.float.rawValue))])]
        default: return [Node(rawValue, inputs: x, outputs: [y])]
        }
    }
}
