internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Takes single elements: the index along one axis is given, the others are the place's own. https://onnx.ai/onnx/operators/onnx__GatherElements.html
    package struct GatherElements: Operator {
        package static let schema = OperatorSchema(
            "GatherElements", since: [11, 13],
            inputs: [.one("data", "T"), .one("indices", "Tind")], outputs: [.one("output", "T")],
            attributes: [.defaulted("axis", .int(0))], types: ["T": .tensors(.all), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int

        package init(_ node: NodeReader) throws { axis = try node.int("axis") }

        package func infer(_ types: Inference) throws {
            try types.checkElementIndices(1, of: 0, axis: axis)
            types.set(0, types.element(0), types.shape(1))
        }

        package func run(_ context: RunContext) throws {
            let data = try context.input(0)
            let mover = try ElementMover(context, type: data.elementType)
            let positions = try context.elementPositions(try context.input(1), in: data.shape, axis: axis)
            let source = try ElementMover.Source(data)
            try mover.gather(source, at: positions, context)
            try mover.finish(context)
        }
    }

    /// Takes blocks by tuples of indices. https://onnx.ai/onnx/operators/onnx__GatherND.html
    package struct GatherND: Operator {
        package static let schema = OperatorSchema(
            "GatherND", since: [11, 12, 13],
            inputs: [.one("data", "T"), .one("indices", "tensor(int64)")], outputs: [.one("output", "T")],
            attributes: [.defaulted("batch_dims", .int(0), since: 12)], types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private let batchRank: Int

        package init(_ node: NodeReader) throws {
            batchRank = node.optionalInt("batch_dims") ?? 0
            guard batchRank >= 0 else { throw ONNXError(.malformed, "attribute 'batch_dims' is \(batchRank); 0 or more expected") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...Int.max, "data")
            try types.checkRank(1, 1...Int.max, "indices")
            guard let data = types.shape(0), let indices = types.shape(1) else { return types.set(0, types.element(0), nil) }
            guard batchRank < Swift.min(data.count, indices.count) else {
                throw ONNXError(.shape, "attribute 'batch_dims' is \(batchRank), the ranks are \(data.count) and \(indices.count)")
            }
            for axis in 0..<batchRank {
                guard let size = data[axis].size, let found = indices[axis].size, size != found else { continue }
                throw ONNXError(.shape, "batch axis \(axis) has extent \(found) in 'indices', \(size) in 'data'")
            }
            guard let length = indices[indices.count - 1].size else { return types.set(0, types.element(0), nil) }
            guard length >= 1, length <= data.count - batchRank else {
                throw ONNXError(.shape, "the index tuples have length \(length), 1...\(data.count - batchRank) expected")
            }
            types.set(0, types.element(0), indices.dropLast() + data[(batchRank + length)...])
        }

        package func run(_ context: RunContext) throws {
            let (data, indices) = (try context.input(0), try context.input(1))
            let mover = try ElementMover(context, type: data.elementType)
            let positions = try context.tuplePositions(indices, in: data.shape, batchRank: batchRank)
            let block = Shape.product(data.shape[(batchRank + indices.shape[indices.rank - 1])...])
            let source = try ElementMover.Source(data)
            for index in positions.indices { mover.copy(source, from: Int(positions[index]), count: block, to: index &* block) }
            try mover.finish(context)
        }
    }
}

extension Inference {
    /// Refuses `indices` that can't address single elements of `data` along `axis`.
    func checkElementIndices(_ indices: Int, of data: Int, axis: Int) throws {
        guard let data = shape(data), let indices = shape(indices) else { return }
        guard data.count == indices.count else { throw ONNXError(.shape, "'indices' has rank \(indices.count), 'data' has rank \(data.count)") }
        let axis = try self.axis(axis, rank: data.count)
        for other in data.indices where other != axis {
            guard let size = data[other].size, let found = indices[other].size, found > size else { continue }
            throw ONNXError(.shape, "'indices' has extent \(found) on axis \(other), at most \(size) expected")
        }
    }
}

extension RunContext {
    /// The flat index into a tensor of `shape` of each element that `indices` names along `axis`; each is proved to lie within it.
    func elementPositions(_ indices: Tensor, in shape: [Int], axis: Int) throws -> MutableElements<Int64> {
        guard let axis = Shape.axis(axis, rank: shape.count), indices.rank == shape.count,
            indices.shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
        else { throw ONNXError(.shape, "indices \(indices) don't address elements of shape \(Shape.text(shape))") }
        let result = try scratch(Int64.self, count: indices.count)
        if indices.count == 0 { return result }
        let (extent, strides, last) = (shape[axis], Shape.strides(shape), shape.count - 1)
        let values = try indices.widenedIndices(scratch: { try self.scratch(.int64, $0) })
        let (length, outer) = (indices.shape[last], indices.shape.dropLast())
        let (step, own) = (axis == last ? 0 : 1, strides[axis])
        try parallel(indices.count / length, grain: Swift.max(1, 16_384 / length)) { rows in
            for row in rows {
                var (rest, base) = (row, 0)
                for other in outer.indices.reversed() {
                    if other != axis { base &+= rest % outer[other] &* strides[other] }
                    rest /= outer[other]
                }
                for place in 0..<length {
                    let given = Int(values[row &* length &+ place])
                    let index = given < 0 ? given &+ extent : given
                    guard UInt(bitPattern: index) < UInt(bitPattern: extent) else {
                        throw ONNXError(.shape, "index \(given) at place \(row * length + place) is out of range for axis \(axis) of extent \(extent)")
                    }
                    result[row &* length &+ place] = Int64(base &+ place &* step &+ index &* own)
                }
            }
        }
        return result
    }

    /// The flat index into a tensor of `shape` of each block that a tuple of `indices` names; each is proved to lie within it.
    func tuplePositions(_ indices: Tensor, in shape: [Int], batchRank: Int) throws -> MutableElements<Int64> {
        let length = indices.shape.last ?? 0
        guard length >= 1, batchRank + length <= shape.count, indices.rank > batchRank, indices.shape[..<batchRank] == shape[..<batchRank] else {
            throw ONNXError(.shape, "indices \(indices) don't address blocks of shape \(Shape.text(shape)) after \(batchRank) batch axes")
        }
        let result = try scratch(Int64.self, count: indices.count / length)
        let strides = Shape.strides(shape)
        let perBatch = Swift.max(1, Shape.product(indices.shape[batchRank..<(indices.rank - 1)]))
        let batchStride = batchRank == 0 ? 0 : strides[batchRank - 1]
        let values = try indices.elements(Int64.self)
        for tuple in result.indices {
            var position = tuple / perBatch &* batchStride
            for place in 0..<length {
                let axis = batchRank + place
                guard let index = Shape.axis(Int(values[tuple &* length &+ place]), rank: shape[axis]) else {
                    throw ONNXError(.shape, "index \(values[tuple &* length &+ place]) is out of range for axis \(axis) of extent \(shape[axis])")
                }
                position &+= index &* strides[axis]
            }
            result[tuple] = Int64(position)
        }
        return result
    }
}

extension Tensor {
    /// The elements of an int64 or int32 tensor.
    func widenedIndices(scratch: ([Int]) throws -> MutableTensor) throws -> Elements<Int64> {
        if elementType == .int64 { return try elements(Int64.self) }
        let narrow = try elements(Int32.self)
        let wide = try scratch(shape).elements(Int64.self)
        for index in wide.indices { wide[index] = Int64(narrow[index]) }
        return wide.elements
    }
}
