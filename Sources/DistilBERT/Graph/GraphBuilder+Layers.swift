internal import GraphIR
internal import OrderedCollections
internal import Tensors

// What operators spell differently from opset to opset, and small combinations of them.
extension GraphBuilder {
    /// x W' + b, the weights `[out, in]` as PyTorch keeps them.
    mutating func linear(_ x: String, weight: String, bias: String) -> String {
        let matrix = apply("Transpose", [weight], ["perm": .ints([1, 0])])
        return apply("Add", [apply("MatMul", [x, matrix]), bias])
    }

    /// Normalized over the last axis; an operator of its own from opset 17 on.
    mutating func layerNormalization(_ x: String, scale: String, shift: String, epsilon: Double) -> String {
        if opset >= 17 { return apply("LayerNormalization", [x, scale, shift], ["axis": .int(-1), "epsilon": .float(Float(epsilon))]) }
        let centred = apply("Sub", [x, mean(x, axes: [-1], keepsAxes: true)])
        let variance = mean(apply("Mul", [centred, centred]), axes: [-1], keepsAxes: true)
        let deviation = apply("Sqrt", [apply("Add", [variance, constant(epsilon)])])
        return apply("Add", [apply("Mul", [apply("Div", [centred, deviation]), scale]), shift])
    }

    /// The mean over `axes`, which became an input in opset 18; nil for all axes.
    mutating func mean(_ x: String, axes: [Int]?, keepsAxes: Bool) -> String {
        let keep = Attribute.int(keepsAxes ? 1 : 0)
        guard let axes else { return apply("ReduceMean", [x], ["keepdims": keep]) }
        if opset >= 18 { return apply("ReduceMean", [x, integers(axes)], ["keepdims": keep]) }
        return apply("ReduceMean", [x], ["axes": .ints(axes.map(Int64.init)), "keepdims": keep])
    }

    /// GELU by the error function; an operator of its own from opset 20 on.
    mutating func gelu(_ x: String) -> String {
        if opset >= 20 { return apply("Gelu", [x]) }
        let curve = apply("Erf", [apply("Div", [x, constant(2.0.squareRoot())])])
        return apply("Mul", [apply("Mul", [x, apply("Add", [curve, constant(1)])]), constant(0.5)])
    }

    /// GELU by tanh; from opset 20 on a form of the same operator.
    mutating func geluTanh(_ x: String) -> String {
        if opset >= 20 { return apply("Gelu", [x], ["approximate": .string("tanh")]) }
        let cube = apply("Mul", [apply("Mul", [x, x]), x])
        let sum = apply("Add", [x, apply("Mul", [cube, constant(0.044715)])])
        let curve = apply("Tanh", [apply("Mul", [sum, constant((2 / Double.pi).squareRoot())])])
        return apply("Mul", [apply("Mul", [x, apply("Add", [curve, constant(1)])]), constant(0.5)])
    }

    /// The extent of `axis`, as a vector of one element.
    mutating func extent(_ x: String, axis: Int) -> String {
        if opset >= 15 { return apply("Shape", [x], ["start": .int(Int64(axis)), "end": .int(Int64(axis + 1))]) }
        return apply("Gather", [apply("Shape", [x]), integers([axis])], ["axis": .int(0)])
    }

    /// As another type.
    mutating func cast(_ x: String, to type: ElementType) -> String { apply("Cast", [x], ["to": .int(Int64(type.rawValue))]) }
}
