internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Writes new entries into a cache, at a place of each sample's own. https://onnx.ai/onnx/operators/onnx__TensorScatter.html
    package struct TensorScatter: Operator {
        package static let schema = OperatorSchema(
            "TensorScatter", since: [24],
            inputs: [.one("past_cache", "T"), .one("update", "T"), .optional("write_indices", "tensor(int64)")], outputs: [.one("present_cache", "T")],
            attributes: [.defaulted("axis", .int(-2)), .defaulted("mode", .string("linear"))],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private enum Mode: String, CaseIterable {
            case linear, circular
        }

        private let axis: Int
        private let mode: Mode

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            mode = try node.choice("mode")
        }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), types.shape(0))
            guard let cache = types.shape(0), let update = types.shape(1) else { return }
            let axis = try types.axis(axis, rank: cache.count)
            guard axis > 0 else { throw ONNXError(.shape, "attribute 'axis' is the batch axis, another expected") }
            guard update.count == cache.count else { throw ONNXError(.shape, "'update' has rank \(update.count), 'past_cache' has rank \(cache.count)") }
            for other in cache.indices {
                guard let size = cache[other].size, let found = update[other].size else { continue }
                guard other == axis ? found <= size : found == size else {
                    throw ONNXError(.shape, "'update' has extent \(found) on axis \(other), 'past_cache' has \(size)")
                }
            }
        }

        package func run(_ context: RunContext) throws {
            let (cache, update) = (try context.input(0), try context.input(1))
            let axis = axis < 0 ? axis + cache.rank : axis
            let (batch, extent, length) = (cache.shape[0], cache.shape[axis], update.shape[axis])
            guard update.count > 0 else { return context.set(0, cache) }
            let starts = try context.optionalInput(2)?.ints() ?? Array(repeating: 0, count: batch)
            guard starts.count == batch else { throw ONNXError(.shape, "\(starts.count) write indices found, \(batch) expected") }
            let mover = try ElementMover(context, type: cache.elementType)
            mover.copyAll(try ElementMover.Source(cache))
            let source = try ElementMover.Source(update)
            let (from, to) = (Shape.strides(update.shape), Shape.strides(cache.shape))
            for sample in 0..<batch where length > 0 {
                let start = try place(starts[sample], length: length, extent: extent)
                let head = Swift.min(length, extent - start)
                for (first, count, target) in [(0, head, start), (head, length - head, 0)] where count > 0 {
                    var shape = update.shape
                    (shape[0], shape[axis]) = (1, count)
                    try mover.copy(
                        source, shape, from: StridedRegion(start: sample &* from[0] &+ first &* from[axis], strides: from),
                        to: StridedRegion(start: sample &* to[0] &+ target &* to[axis], strides: to), context)
                }
            }
            try mover.finish(context)
        }

        /// Where the entries of one sample start.
        private func place(_ index: Int, length: Int, extent: Int) throws -> Int {
            if mode == .circular { return (index % extent + extent) % extent }
            guard index >= 0, index <= extent - length else {
                throw ONNXError(.shape, "\(length) entries from index \(index) on don't fit a cache of extent \(extent)")
            }
            return index
        }
    }
}
