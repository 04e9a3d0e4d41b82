internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Inserts axes of extent 1. https://onnx.ai/onnx/operators/onnx__Unsqueeze.html
    package struct Unsqueeze: Operator {
        package static let schema = OperatorSchema(
            "Unsqueeze", since: [1, 11, 13, 21, 23, 24, 25],
            inputs: [.one("data", "T"), .one("axes", "tensor(int64)", since: 13)], outputs: [.one("expanded", "T")],
            attributes: [.required("axes", .ints, until: 12)], types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        private let axes: [Int]?

        package init(_ node: NodeReader) throws { axes = node.optionalInts("axes") }

        package func infer(_ types: Inference) throws {
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), nil) }
            guard let axes = try axes ?? types.ints(1) else {
                return types.set(0, types.element(0), types.unknownDimensions(countedBy: 1).map { shape.map { _ in .unknown } + $0 })
            }
            let inserted = try types.distinctAxes(axes, rank: shape.count + axes.count)
            var rest = shape.makeIterator()
            types.set(0, types.element(0), (0..<(shape.count + axes.count)).map { inserted.contains($0) ? .known(1) : rest.next() ?? .unknown })
        }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        package func run(_ context: RunContext) throws { try context.setReshaped() }
    }

    /// Removes axes of extent 1: those named, or all. https://onnx.ai/onnx/operators/onnx__Squeeze.html
    package struct Squeeze: Operator {
        package static let schema = OperatorSchema(
            "Squeeze", since: [1, 11, 13, 21, 23, 24, 25],
            inputs: [.one("data", "T"), .optional("axes", "tensor(int64)", since: 13)], outputs: [.one("squeezed", "T")],
            attributes: [.optional("axes", .ints, until: 12)], types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        private let axes: [Int]?
        private let hasAxesInput: Bool

        package init(_ node: NodeReader) throws {
            axes = node.optionalInts("axes")
            hasAxesInput = node.hasInput(1)
        }

        package func infer(_ types: Inference) throws {
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), nil) }
            if let axes = try axes ?? types.ints(1) {
                let removed = try types.distinctAxes(axes, rank: shape.count)
                for axis in removed.sorted() {
                    guard let size = shape[axis].size, size != 1 else { continue }
                    throw ONNXError(.shape, "axis \(axis) has extent \(size) and can't be squeezed; 1 expected")
                }
                types.set(0, types.element(0), shape.indices.filter { !removed.contains($0) }.map { shape[$0] })
            } else if hasAxesInput {
                let removed = types.shape(1)?.first?.size
                types.set(0, types.element(0), removed.flatMap { $0 <= shape.count ? Array(repeating: .unknown, count: shape.count - $0) : nil })
            } else {
                let isKnown = shape.allSatisfy { $0.size != nil }
                types.set(0, types.element(0), isKnown ? shape.filter { $0 != .known(1) } : nil)
            }
        }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        /// Axes before the first that is removed stay themselves.
        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard let rank = types.shape(0)?.count, let axes = try? axes ?? types.ints(1), let removed = try? types.distinctAxes(axes, rank: rank),
                axis < removed.min() ?? 0
            else { return .mixed }
            return input == 0 ? .axis(axis) : .whole
        }

        package func run(_ context: RunContext) throws { try context.setReshaped() }
    }
}

extension Inference {
    /// The axes counted from the front. Throws `.shape` for one out of range or named twice.
    func distinctAxes(_ axes: [Int], rank: Int) throws -> Set<Int> {
        var result: Set<Int> = []
        for axis in axes {
            guard result.insert(try self.axis(axis, rank: rank)).inserted else {
                throw ONNXError(.shape, "axes \(Shape.text(axes)) name an axis of rank \(rank) twice")
            }
        }
        return result
    }

    /// Dimensions that are all unknown, as many as the rank-1 input `input` has elements; nil when that is unknown too, or no tensor's rank.
    func unknownDimensions(countedBy input: Int) -> [Dimension]? {
        guard let count = shape(input)?.first?.size, (0...Limits().rank).contains(count) else { return nil }
        return Array(repeating: .unknown, count: count)
    }
}

extension RunContext {
    /// Output 0 is input 0 under the inferred shape.
    func setReshaped() throws {
        guard let shape = outputType(0)?.knownShape else { throw ONNXError(.shape, "the target shape is not known") }
        set(0, try input(0).reshaped(shape))
    }
}
