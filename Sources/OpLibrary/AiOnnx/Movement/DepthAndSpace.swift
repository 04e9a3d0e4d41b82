internal import Bytes
internal import GraphIR
internal import Tensors

/// Which of a block's place and the depth is counted first.
private enum BlockOrder: String, CaseIterable {
    case depthFirst = "DCR"
    case columnFirst = "CRD"
}

extension AiOnnx {
    /// Moves depth into blocks of space. https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
    package struct DepthToSpace: Operator {
        package static let schema = OperatorSchema(
            "DepthToSpace", since: [1, 11, 13, 28],
            inputs: [.one("input", "T")], outputs: [.one("output", "T")],
            attributes: [.required("blocksize", .int), .defaulted("mode", .string("DCR"), since: 11)], types: ["T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        private let blockSize: Int
        private let order: BlockOrder

        package init(_ node: NodeReader) throws {
            blockSize = try node.blockSize()
            order = node.version >= 11 ? try node.choice("mode") : .depthFirst
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 4...4, "input")
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), Array(repeating: .unknown, count: 4)) }
            let depth = try shape[1].divided(by: try Shape.count([blockSize, blockSize]), "the depth")
            types.set(0, types.element(0), [shape[0], depth, try shape[2].multiplied(by: blockSize), try shape[3].multiplied(by: blockSize)])
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let (batch, depth, height, width) = (input.shape[0], input.shape[1] / (blockSize * blockSize), input.shape[2], input.shape[3])
            switch order {
            case .depthFirst: try context.permute(input, as: [batch, blockSize, blockSize, depth, height, width], [0, 3, 4, 1, 5, 2])
            case .columnFirst: try context.permute(input, as: [batch, depth, blockSize, blockSize, height, width], [0, 1, 4, 2, 5, 3])
            }
        }
    }

    /// Moves blocks of space into depth. https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
    package struct SpaceToDepth: Operator {
        package static let schema = OperatorSchema(
            "SpaceToDepth", since: [1, 13, 28],
            inputs: [.one("input", "T")], outputs: [.one("output", "T")],
            attributes: [.required("blocksize", .int), .defaulted("mode", .string("DCR"), since: 28)], types: ["T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        private let blockSize: Int
        private let order: BlockOrder

        package init(_ node: NodeReader) throws {
            blockSize = try node.blockSize()
            order = node.version >= 28 ? try node.choice("mode") : .depthFirst
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 4...4, "input")
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), Array(repeating: .unknown, count: 4)) }
            let depth = try shape[1].multiplied(by: try Shape.count([blockSize, blockSize]))
            types.set(
                0, types.element(0),
                [shape[0], depth, try shape[2].divided(by: blockSize, "the height"), try shape[3].divided(by: blockSize, "the width")])
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let split = [input.shape[0], input.shape[1], input.shape[2] / blockSize, blockSize, input.shape[3] / blockSize, blockSize]
            try context.permute(input, as: split, order == .depthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4])
        }
    }
}

extension NodeReader {
    fileprivate func blockSize() throws -> Int {
        let size = try int("blocksize")
        guard size > 0 else { throw ONNXError(.malformed, "attribute 'blocksize' is \(size); 1 or more expected") }
        return size
    }
}

extension Dimension {
    fileprivate func divided(by divisor: Int, _ what: String) throws -> Dimension {
        guard let size else { return .unknown }
        guard size % divisor == 0 else { throw ONNXError(.shape, "\(what) is \(size), a multiple of \(divisor) expected") }
        return .known(size / divisor)
    }

    fileprivate func multiplied(by factor: Int) throws -> Dimension {
        guard let size else { return .unknown }
        return .known(try Shape.count([size, factor]))
    }
}

extension RunContext {
    /// Output 0 is `input` under `shape`, an equal number of elements, with its axes permuted.
    fileprivate func permute(_ input: Tensor, as shape: [Int], _ permutation: [Int]) throws {
        let strides = Shape.strides(shape)
        let target = permutation.map { shape[$0] }
        let mover = try ElementMover(self, type: input.elementType)
        try mover.copy(
            try ElementMover.Source(input), target, from: StridedRegion(strides: permutation.map { strides[$0] }), to: StridedRegion(contiguous: target), self)
        try mover.finish(self)
    }
}
