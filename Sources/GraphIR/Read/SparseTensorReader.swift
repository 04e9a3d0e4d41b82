internal import Bytes
internal import Tensors

/// Sparse tensors are read as the dense ones that they stand for.
extension TensorReader {
    private typealias Field = ProtoField.SparseTensor

    func sparseTensor(_ proto: ProtoMessage) throws(ONNXError) -> Tensor {
        guard let valuesProto = proto.message(Field.values), let indicesProto = proto.message(Field.indices) else {
            throw ONNXError(.malformed, "the sparse tensor lacks its values or its indices")
        }
        let values = try tensor(valuesProto)
        let indices = try tensor(indicesProto)
        let dims = proto.integers(Field.dims)
        guard dims.count <= limits.rank else {
            throw ONNXError(.limit, "the sparse tensor has \(dims.count) dimensions, more than \(limits.rank)", remedy: "raise Limits.rank")
        }
        let shape = dims.map { Int($0) }
        let count = try Shape.count(shape)
        guard !shape.isEmpty else { throw ONNXError(.malformed, "the sparse tensor has no dims") }
        guard values.rank == 1, indices.elementType == .int64 else {
            throw ONNXError(.malformed, "a sparse tensor needs values of one axis and int64 indices; found \(values) and \(indices)")
        }
        guard indices.shape == [values.count] || indices.shape == [values.count, shape.count] else {
            throw ONNXError(
                .malformed,
                "the indices \(indices) fit neither [\(values.count)] nor [\(values.count),\(shape.count)], as \(values) in \(Shape.text(shape)) needs")
        }
        let positions = try linearPositions(try indices.elements(Int64.self), perValue: indices.rank == 1 ? nil : shape.count, shape, count)
        return try densify(values, positions, shape, count)
    }

    /// Where each value goes, in row-major order; strictly ascending, as the standard asks.
    private func linearPositions(_ indices: Elements<Int64>, perValue: Int?, _ shape: [Int], _ count: Int) throws(ONNXError) -> [Int] {
        let strides = Shape.strides(shape)
        let width = perValue ?? 1
        var positions: [Int] = []
        for value in 0..<indices.count / max(width, 1) {
            var position = 0
            for axis in 0..<width {
                let index = indices[value * width + axis]
                let extent = perValue == nil ? count : shape[axis]
                guard index >= 0, index < Int64(extent) else {
                    throw ONNXError(.malformed, "index \(index) of value \(value) is not in 0..<\(extent)")
                }
                position += Int(index) * (perValue == nil ? 1 : strides[axis])
            }
            if let last = positions.last, position <= last {
                throw ONNXError(.malformed, "the indices are not in strictly ascending order at value \(value)")
            }
            positions.append(position)
        }
        return positions
    }

    private func densify(_ values: Tensor, _ positions: [Int], _ shape: [Int], _ count: Int) throws(ONNXError) -> Tensor {
        let bytes = values.elementType == .string ? count.multipliedReportingOverflow(by: 16).partialValue : try Shape.byteCount(count, values.elementType)
        guard count <= limits.densifiedBytes, bytes <= limits.densifiedBytes - budget.densified else {
            throw ONNXError(
                .limit, "\(values.elementType)\(Shape.text(shape)) as a dense tensor exceeds \(limits.densifiedBytes) bytes for all sparse tensors",
                remedy: "raise Limits.densifiedBytes")
        }
        budget.densified += bytes
        guard values.elementType != .string else {
            var strings = [String](repeating: "", count: count)
            for (position, string) in zip(positions, try values.stringArray()) { strings[position] = string }
            return try Tensor(strings: strings, shape: shape)
        }
        let source = try values.unpacked()
        let dense = try MutableTensor(source.elementType, shape)
        let (from, to) = (try source.bytes(), dense.rawBytes())
        to.fill(0)
        let width = source.elementType.bitWidth / 8
        for (value, position) in positions.enumerated() { to.copy(from, from: value * width, count: width, to: position * width) }
        return values.elementType.isPacked ? try dense.tensor.packed(as: values.elementType) : dense.tensor
    }
}
