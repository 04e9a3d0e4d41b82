internal import Bytes
internal import Tensors

extension AiOnnx {
    /// Joins pairs of strings, broadcast. https://onnx.ai/onnx/operators/onnx__StringConcat.html
    package struct StringConcat: Operator {
        package static let schema = OperatorSchema(
            "StringConcat", since: [20], inputs: [.one("X", "T"), .one("Y", "T")], outputs: [.one("Z", "T")], types: ["T": .tensors(.string)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .string, try Inference.broadcast([types.shape(0), types.shape(1)]))
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(1))
            guard let shape = Shape.broadcast(a.shape, b.shape) else { throw ONNXError(.shape, "\(a) and \(b) don't broadcast") }
            let walk = BroadcastWalk([a.shape, b.shape], to: shape)
            let (x, y) = (try a.stringArray(), try b.stringArray())
            try context.checkStringBudget(count: try Shape.count(shape), bytes: 0)
            var bytes = 0
            walk.forEachPair { bytes &+= x[$0].utf8.count &+ y[$1].utf8.count }
            try context.checkStringBudget(count: walk.runCount &* walk.runLength, bytes: bytes)
            var strings: [String] = []
            walk.forEachPair { strings.append(x[$0] + y[$1]) }
            context.set(0, try Tensor(strings: strings, shape: shape))
        }
    }
}

extension BroadcastWalk {
    /// Calls `body` with the indices of both operands of each element.
    fileprivate func forEachPair(_ body: (Int, Int) -> Void) {
        for run in 0..<runCount {
            let (first, second) = (start(0, run: run), start(1, run: run))
            for index in 0..<runLength { body(first &+ index &* steps[0], second &+ index &* steps[1]) }
        }
    }
}

extension RunContext {
    /// Throws `.limit` when so many strings of so many bytes together are beyond the memory budget.
    func checkStringBudget(count: Int, bytes: Int) throws {
        let (handles, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<String>.stride)
        let (sum, beyond) = handles.addingReportingOverflow(bytes)
        _ = try host.scratch(byteCount: overflow || beyond ? .max : sum)
    }
}
