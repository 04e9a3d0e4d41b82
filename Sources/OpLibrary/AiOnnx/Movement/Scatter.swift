internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The first name of ScatterElements. https://onnx.ai/onnx/operators/onnx__Scatter.html
    package struct Scatter: Operator {
        package static let schema = OperatorSchema(
            "Scatter", since: [9], deprecated: 11,
            inputs: [.one("data", "T"), .one("indices", "Tind"), .one("updates", "T")], outputs: [.one("output", "T")],
            attributes: [.defaulted("axis", .int(0))], types: ["T": .tensors(.all), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int

        package init(_ node: NodeReader) throws { axis = try node.int("axis") }

        package func infer(_ types: Inference) throws {
            try types.checkElementIndices(1, of: 0, axis: axis)
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws { try context.scatterElements(axis: axis, reduction: .none) }
    }

    /// Writes single elements: the index along one axis is given, the others are the place's own. https://onnx.ai/onnx/operators/onnx__ScatterElements.html
    package struct ScatterElements: Operator {
        package static let schema = OperatorSchema(
            "ScatterElements", since: [11, 13, 16, 18],
            inputs: [.one("data", "T"), .one("indices", "Tind"), .one("updates", "T")], outputs: [.one("output", "T")],
            attributes: [.defaulted("axis", .int(0)), .defaulted("reduction", .string("none"), since: 16)],
            types: ["T": .tensors(.all), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int
        private let reduction: ScatterReduction

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            reduction = try ScatterReduction(node)
        }

        package func infer(_ types: Inference) throws {
            try types.checkElementIndices(1, of: 0, axis: axis)
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws { try context.scatterElements(axis: axis, reduction: reduction) }
    }

    /// Writes blocks at tuples of indices. https://onnx.ai/onnx/operators/onnx__ScatterND.html
    package struct ScatterND: Operator {
        package static let schema = OperatorSchema(
            "ScatterND", since: [11, 13, 16, 18],
            inputs: [.one("data", "T"), .one("indices", "tensor(int64)"), .one("updates", "T")], outputs: [.one("output", "T")],
            attributes: [.defaulted("reduction", .string("none"), since: 16)], types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private let reduction: ScatterReduction

        package init(_ node: NodeReader) throws { reduction = try ScatterReduction(node) }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...Int.max, "data")
            try types.checkRank(1, 1...Int.max, "indices")
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let (data, indices, updates) = (try context.input(0), try context.input(1), try context.input(2))
            let positions = try context.tuplePositions(indices, in: data.shape, batchRank: 0)
            let expected = Array(indices.shape.dropLast()) + data.shape[indices.shape[indices.rank - 1]...]
            guard updates.shape == expected else { throw ONNXError(.shape, "'updates' is \(updates), shape \(Shape.text(expected)) expected") }
            let block = Shape.product(data.shape[indices.shape[indices.rank - 1]...])
            try context.scatter(data, updates, block: block, at: positions, reduction)
        }
    }
}

/// What becomes of an element that an update meets.
private enum ScatterReduction: String, CaseIterable {
    case none, add, mul, max, min

    init(_ node: NodeReader) throws {
        guard node.version >= 16 else {
            self = .none
            return
        }
        self = try node.choice("reduction")
        guard node.version >= 18 || self != .max && self != .min else {
            throw ONNXError(.malformed, "attribute 'reduction' is '\(rawValue)', which exists from opset 18 on")
        }
    }
}

extension RunContext {
    fileprivate func scatterElements(axis: Int, reduction: ScatterReduction) throws {
        let (data, indices, updates) = (try input(0), try input(1), try input(2))
        guard updates.shape == indices.shape else { throw ONNXError(.shape, "'updates' is \(updates), shape \(Shape.text(indices.shape)) expected") }
        try scatter(data, updates, block: 1, at: try elementPositions(indices, in: data.shape, axis: axis), reduction)
    }

    /// Output 0 is `data` with block i of `updates` at `positions[i]`, in order. Every block lies within `data`.
    fileprivate func scatter(_ data: Tensor, _ updates: Tensor, block: Int, at positions: MutableElements<Int64>, _ reduction: ScatterReduction) throws {
        guard updates.elementType == data.elementType else { throw ONNXError(.shape, "'updates' is \(updates), \(data.elementType) expected") }
        if reduction == .none {
            let mover = try ElementMover(self, type: data.elementType)
            mover.copyAll(try ElementMover.Source(data))
            let source = try ElementMover.Source(updates)
            for index in positions.indices { mover.copy(source, from: index &* block, count: block, to: Int(positions[index])) }
            return try mover.finish(self)
        }
        let isNarrow = data.elementType.isFloatingPoint && data.elementType.bitWidth < 32
        guard isNarrow else {
            let result = try output()
            let loop = ReductionLoop(data: data, updates: updates, result: result, block: block, positions: positions, reduction: reduction)
            return try data.elementType.visit(loop)
        }
        let wide = try [data, updates].map { try $0.widenedToFloat { try self.scratch(.float, $0) } }
        let result = try scratch(.float, data.shape)
        try ReductionLoop(data: wide[0], updates: wide[1], result: result, block: block, positions: positions, reduction: reduction).visit(Float.self)
        try result.tensor.narrow(into: try output())
    }
}

private struct ReductionLoop: ElementVisitor {
    let data: Tensor
    let updates: Tensor
    let result: MutableTensor
    let block: Int
    let positions: MutableElements<Int64>
    let reduction: ScatterReduction

    func visit<T: Arithmetic>(_ type: T.Type) throws {
        let isBool = data.elementType == .bool
        result.rawBytes().copy(try data.bytes(), from: 0, count: data.byteCount, to: 0)
        switch reduction {
        case .add where !isBool: try reduce(type) { T.add($0, $1) }
        case .mul where !isBool: try reduce(type) { T.multiply($0, $1) }
        case .add, .max: try reduce(type) { $1 > $0 || $1.isNotANumber ? $1 : $0 }
        case .mul, .min: try reduce(type) { $1 < $0 || $1.isNotANumber ? $1 : $0 }
        case .none: break
        }
    }

    @inline(__always)
    private func reduce<T: Arithmetic>(_ type: T.Type, _ function: (T, T) -> T) throws {
        let (source, target) = (try updates.elements(T.self), try result.elements(T.self))
        for index in positions.indices {
            let start = Int(positions[index])
            for place in 0..<block { target[start &+ place] = function(target[start &+ place], source[index &* block &+ place]) }
        }
    }
}
