internal import Bytes
internal import GraphIR
internal import Tensors

/// What a reduction makes of elements. Floats are accumulated in double precision, integers wrap in their own type.
package protocol ReductionFunction: Sendable {
    static func initial<A: Arithmetic>() -> A
    static func term<A: Arithmetic>(_ x: A) -> A
    static func combine<A: Arithmetic>(_ a: A, _ b: A) -> A
    static func finish<A: Arithmetic>(_ a: A, count: Int) -> A
}

extension ReductionFunction {
    package static func term<A: Arithmetic>(_ x: A) -> A { x }
    package static func finish<A: Arithmetic>(_ a: A, count: Int) -> A { a }
}

/// Which axes a reducing node reduces, from its attribute or its input, as its version has it.
package struct ReductionAxes: Sendable {
    /// The first version that takes the axes as an input.
    private let attributeAxes: [Int]?
    private let takesInput: Bool
    private let keepsDimensions: Bool
    private let isNoopWhenEmpty: Bool

    package init(_ node: NodeReader) throws {
        takesInput = node.schema.inputs(at: node.opset).count > 1
        attributeAxes = takesInput ? nil : node.optionalInts("axes")
        keepsDimensions = try node.flag("keepdims")
        isNoopWhenEmpty = node.optionalInt("noop_with_empty_axes") ?? 0 != 0
    }

    /// The axes of a tensor of rank `rank`, ascending, given the axes input's values.
    package func resolve(_ input: [Int]?, rank: Int) throws -> [Int] {
        let axes = (takesInput ? input : attributeAxes) ?? []
        if axes.isEmpty { return isNoopWhenEmpty ? [] : Array(0..<rank) }
        var isReduced = [Bool](repeating: false, count: rank)
        for axis in axes {
            // A scalar has no axis, yet exporters name its 0th.
            if rank == 0 && (axis == 0 || axis == -1) { continue }
            guard let index = Shape.axis(axis, rank: rank) else { throw ONNXError(.shape, "axis \(axis) is out of range for rank \(rank)") }
            isReduced[index] = true
        }
        return isReduced.indices.filter { isReduced[$0] }
    }

    package func infer(_ types: Inference) throws {
        let element = types.element(0)
        guard let shape = types.shape(0) else { return types.set(0, element, nil) }
        let hasInput = takesInput && types.type(1) != nil
        guard !hasInput || types.constant(1) != nil else {
            return types.set(0, element, keepsDimensions ? shape.map { _ in Dimension.unknown } : nil)
        }
        let axes = Set(try resolve(try types.ints(1), rank: shape.count))
        types.set(
            0, element, shape.enumerated().compactMap { axes.contains($0) ? (keepsDimensions ? .known(1) : nil) : $1 })
    }

    package func axes(_ context: RunContext) throws -> [Int] {
        try resolve(takesInput ? context.optionalInput(1)?.ints() : nil, rank: context.input(0).rank)
    }
}

/// The shared body of the reductions: infer by the axes, run by the function.
package protocol Reduction: Operator {
    associatedtype Function: ReductionFunction
    var axes: ReductionAxes { get }
}

extension Reduction {
    package func infer(_ types: Inference) throws { try axes.infer(types) }

    package func run(_ context: RunContext) throws {
        let type = try context.input(0).elementType
        let plan = ReductionPlan(try context.input(0).shape, axes: try axes.axes(context))
        switch type {
        case .float: try ReductionLoop<Function, FloatAccumulation>(context: context, plan: plan).run()
        case .double: try ReductionLoop<Function, ExactAccumulation<Double>>(context: context, plan: plan).run()
        default: try type.visitInteger(IntegerReduction<Function>(context: context, plan: plan))
        }
    }
}

private struct IntegerReduction<Function: ReductionFunction>: IntegerVisitor {
    let context: RunContext
    let plan: ReductionPlan
    func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
        try ReductionLoop<Function, ExactAccumulation<T>>(context: context, plan: plan).run()
        guard try context.input(0).elementType == .bool else { return }
        let result = try context.output().elements(T.self)
        for index in result.indices { result[index] = result[index] == 0 ? 0 : 1 }
    }
}

/// In which type elements are accumulated. A type, not a closure, so that loops over it are specialised.
private protocol Accumulation: SendableMetatype {
    associatedtype Element: TensorElement
    associatedtype Total: Arithmetic
    static func widen(_ element: Element) -> Total
    static func narrow(_ total: Total) -> Element
}

private enum FloatAccumulation: Accumulation {
    static func widen(_ element: Float) -> Double { Double(element) }
    static func narrow(_ total: Double) -> Float { Float(total) }
}

private enum ExactAccumulation<T: Arithmetic>: Accumulation {
    static func widen(_ element: T) -> T { element }
    static func narrow(_ total: T) -> T { total }
}

/// A tensor seen as kept and reduced axes, neighbours of one kind merged.
struct ReductionPlan: Sendable {
    private(set) var kept: [(size: Int, stride: Int)] = []
    private(set) var reduced: [(size: Int, stride: Int)] = []
    let outputCount: Int
    let reducedCount: Int

    init(_ shape: [Int], axes: [Int]) {
        let strides = Shape.strides(shape)
        var last: Bool?
        for axis in shape.indices where shape[axis] != 1 {
            let isReduced = axes.contains(axis)
            var list = isReduced ? reduced : kept
            if last == isReduced, let previous = list.last {
                list[list.count - 1] = (previous.size &* shape[axis], strides[axis])
            } else {
                list.append((shape[axis], strides[axis]))
            }
            if isReduced { reduced = list } else { kept = list }
            last = isReduced
        }
        outputCount = Shape.product(kept.map(\.size))
        reducedCount = Shape.product(reduced.map(\.size))
    }

    /// Where the elements that output `output` is made of begin.
    func base(_ output: Int) -> Int { Self.offset(output, kept) }

    /// How far reduced element `index` is from its base.
    func offset(_ index: Int) -> Int { Self.offset(index, reduced) }

    /// The elements next to each other that go into one output: the innermost reduced axis.
    var run: (size: Int, stride: Int) { reduced.last ?? (1, 1) }

    private static func offset(_ index: Int, _ axes: [(size: Int, stride: Int)]) -> Int {
        var rest = index
        var offset = 0
        for axis in axes.reversed() {
            offset &+= rest % axis.size &* axis.stride
            rest /= axis.size
        }
        return offset
    }
}

/// Reduces a tensor to output 0. The order of the operations depends on the shape alone.
private struct ReductionLoop<Function: ReductionFunction, Rule: Accumulation> {
    typealias T = Rule.Element
    typealias A = Rule.Total
    let context: RunContext
    let plan: ReductionPlan

    func run() throws {
        let (x, y) = (try context.input(0).elements(T.self), try context.output().elements(T.self))
        let plan = plan
        guard plan.reducedCount > 0 else {
            return y.fill(Rule.narrow(Function.finish(Function.initial(), count: 0)))
        }
        if let columns = plan.kept.last, columns.stride == 1, columns.size > 1 {
            return try runColumns(x, y, columns.size)
        }
        let run = plan.run
        try context.parallel(plan.outputCount, grain: Swift.max(1, ElementLoop.grain / plan.reducedCount)) { outputs in
            for output in outputs {
                let base = plan.base(output)
                var total: A = Function.initial()
                for start in stride(from: 0, to: plan.reducedCount, by: run.size) {
                    total = Function.combine(total, Self.sum(x, base &+ plan.offset(start), run))
                }
                y[output] = Rule.narrow(Function.finish(total, count: plan.reducedCount))
            }
        }
    }

    /// One run in four chains, element i in chain i mod 4.
    @inline(__always)
    private static func sum(_ x: Elements<T>, _ start: Int, _ run: (size: Int, stride: Int)) -> A {
        var (a, b, c, d): (A, A, A, A) = (Function.initial(), Function.initial(), Function.initial(), Function.initial())
        var index = 0
        while index &+ 4 <= run.size {
            let place = start &+ index &* run.stride
            a = Function.combine(a, Function.term(Rule.widen(x[place])))
            b = Function.combine(b, Function.term(Rule.widen(x[place &+ run.stride])))
            c = Function.combine(c, Function.term(Rule.widen(x[place &+ 2 &* run.stride])))
            d = Function.combine(d, Function.term(Rule.widen(x[place &+ 3 &* run.stride])))
            index &+= 4
        }
        while index < run.size {
            a = Function.combine(a, Function.term(Rule.widen(x[start &+ index &* run.stride])))
            index &+= 1
        }
        return Function.combine(Function.combine(a, b), Function.combine(c, d))
    }

    /// The innermost axis is kept: its elements are neighbours, so that whole rows are accumulated into rows.
    @inline(__always)
    private func runColumns(_ x: Elements<T>, _ y: MutableElements<T>, _ width: Int) throws {
        let totals = try context.scratch(A.self, count: y.count)
        let plan = plan
        try context.parallel(plan.outputCount, grain: Swift.max(64, ElementLoop.grain / plan.reducedCount)) { outputs in
            totals.fill(Function.initial(), in: outputs)
            var first = outputs.lowerBound
            while first < outputs.upperBound {
                let end = Swift.min(outputs.upperBound, (first / width &+ 1) &* width)
                let base = plan.base(first)
                for element in 0..<plan.reducedCount {
                    let start = base &+ plan.offset(element)
                    for output in first..<end {
                        totals[output] = Function.combine(totals[output], Function.term(Rule.widen(x[start &+ (output &- first)])))
                    }
                }
                first = end
            }
            for output in outputs { y[output] = Rule.narrow(Function.finish(totals[output], count: plan.reducedCount)) }
        }
    }
}

extension OperatorSchema {
    /// The schema of a reduction; `axes` is an attribute before version `input` and an input from it on.
    static func reduction(_ name: String, since: [Int], axesInputSince input: Int = 18, types: ElementTypes) -> OperatorSchema {
        OperatorSchema(
            name, since: since, inputs: [.one("data", "T"), .optional("axes", "tensor(int64)", since: input)], outputs: [.one("reduced", "T")],
            attributes: [
                .optional("axes", .ints, until: input - 1), .defaulted("keepdims", .int(1)),
                .defaulted("noop_with_empty_axes", .int(0), since: input),
            ],
            types: ["T": .tensors(types), "tensor(int64)": .tensors(.int64)])
    }
}
