internal import Bytes
internal import Tensors

extension AiOnnx {
    /// X where the condition holds, Y elsewhere, broadcast. https://onnx.ai/onnx/operators/onnx__Where.html
    package struct Where: Operator {
        package static let schema = OperatorSchema(
            "Where", since: [9, 16],
            inputs: [.one("condition", "B"), .one("X", "T"), .one("Y", "T")], outputs: [.one("output", "T")],
            types: ["B": .tensors(.bool), "T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(1) ?? types.element(2), try Inference.broadcast((0..<3).map(types.shape)))
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { types.broadcastSource(of: axis, input: input) }

        package func run(_ context: RunContext) throws {
            let type = try context.input(1).elementType
            switch type.bitWidth {
            case 8: try select(context, UInt8.self)
            case 16: try select(context, UInt16.self)
            case 32: try select(context, UInt32.self)
            case 64: try select(context, UInt64.self)
            case 128: try select(context, UInt128.self)
            case 0: try selectStrings(context)
            default: throw ONNXError(.unsupported, "element type \(type) can't be selected")
            }
        }

        private func select<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_ context: RunContext, _ type: T.Type) throws {
            let (condition, x, y, output) = (try context.input(0), try context.input(1), try context.input(2), try context.output())
            let (chosen, left, right, z) = (try condition.elements(TensorBool.self), try x.bits(T.self), try y.bits(T.self), try output.bits(T.self))
            let walk = BroadcastWalk([condition.shape, x.shape, y.shape], to: output.shape)
            let steps = walk.steps
            try context.parallel(z.count, grain: ElementLoop.grain) { part in
                walk.forEachSegment(of: part) { run, offset, count in
                    func range(_ operand: Int) -> Range<Int> {
                        let start = walk.start(operand, run: run) &+ offset &* steps[operand]
                        return start..<start &+ (steps[operand] == 0 ? 1 : count)
                    }
                    let to = run &* walk.runLength &+ offset
                    ElementLoop.select(chosen, range(0), left, range(1), right, range(2), to: z, to..<to &+ count)
                }
            }
        }

        private func selectStrings(_ context: RunContext) throws {
            guard let shape = context.outputType(0)?.knownShape else { throw ONNXError(.shape, "the shape of output 0 is not known") }
            let (condition, x, y) = (try context.input(0), try context.input(1), try context.input(2))
            let (chosen, left, right) = (try condition.elements(TensorBool.self), try x.stringArray(), try y.stringArray())
            let walk = BroadcastWalk([condition.shape, x.shape, y.shape], to: shape)
            // Counts the strings' handles against the budget before there are any.
            _ = try context.scratch(.complex128, shape)
            var result: [String] = []
            for run in 0..<walk.runCount {
                let starts = (0..<3).map { walk.start($0, run: run) }
                for index in 0..<walk.runLength {
                    let isLeft = chosen[starts[0] + index * walk.steps[0]].value
                    result.append(isLeft ? left[starts[1] + index * walk.steps[1]] : right[starts[2] + index * walk.steps[2]])
                }
            }
            context.set(0, try Tensor(strings: result, shape: shape))
        }
    }
}
