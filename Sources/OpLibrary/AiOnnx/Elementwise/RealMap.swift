internal import Tensors

/// The shared body of the operators that apply a real function to each element. It is computed in double precision and rounded once.
package protocol RealMap: Operator {
    func value(_ x: Double) -> Double
    /// The same function in single precision, where the machine's kernels have it.
    var kernel: FloatFunction? { get }
}

extension RealMap {
    package var kernel: FloatFunction? { nil }

    package func infer(_ types: Inference) throws { types.set(0, types.element(0), types.shape(0)) }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

    package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { .axis(axis) }

    package func run(_ context: RunContext) throws {
        let (x, y) = (try context.input(0), try context.output())
        if x.elementType == .float, let kernel { return try kernel.map(try x.elements(), to: try y.elements(), context) }
        switch x.elementType {
        case .float: try context.map(try x.elements(Float.self), to: try y.elements(Float.self), grain: 2048) { Float(value(Double($0))) }
        case .double: try context.map(try x.elements(Double.self), to: try y.elements(Double.self), grain: 2048) { value($0) }
        default:
            let wide = try context.scratch(Double.self, count: x.count)
            try Conversion.copy(x, to: wide)
            try context.map(wide.elements, to: wide, grain: 2048) { value($0) }
            try Conversion.copy(wide.elements, to: y)
        }
    }
}

extension OperatorSchema {
    /// The schema of an operator that takes one value to another of its type.
    static func unary(
        _ name: String, _ input: String = "X", _ output: String = "Y", since: [Int], attributes: [AttributeSchema] = [], types: ElementTypes = .floats
    ) -> OperatorSchema {
        OperatorSchema(
            name, since: since, inputs: [.one(input, "T")], outputs: [.one(output, "T")], attributes: attributes, types: ["T": .tensors(types)])
    }
}
