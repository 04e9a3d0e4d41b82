internal import Bytes
internal import Tensors

extension RunContext {
    /// Output `output` is `tensors`, which must be alike, one after another along a new axis.
    func stack(_ tensors: [Tensor], output: Int, axis: Int, isReversed: Bool = false) throws {
        guard let first = tensors.first else { return try setEmptyStack(output: output, axis: axis) }
        if let other = tensors.first(where: { $0.elementType != first.elementType || $0.shape != first.shape }) {
            throw ONNXError(.shape, "one iteration gives \(first) for output \(output), another \(other); equal ones expected")
        }
        var shape = first.shape
        let axis = try Self.stackAxis(axis, rank: first.rank)
        shape.insert(tensors.count, at: axis)
        let ordered = isReversed ? tensors.reversed() : tensors
        let type = try first.unpacked().elementType
        let result = try assembled(type, shape, output: type == first.elementType ? output : nil) { mover in
            let strides = Shape.strides(shape)
            let target = StridedRegion(strides: strides.indices.filter { $0 != axis }.map { strides[$0] })
            for (index, tensor) in ordered.enumerated() {
                try mover.copy(
                    try ElementMover.Source(try tensor.unpacked()), tensor.shape, from: StridedRegion(contiguous: tensor.shape),
                    to: StridedRegion(start: index &* strides[axis], strides: target.strides), self)
            }
        }
        set(output, try result.packed(as: first.elementType))
    }

    private static func stackAxis(_ axis: Int, rank: Int) throws -> Int {
        guard let found = Shape.axis(axis, rank: rank + 1) else { throw ONNXError(.shape, "axis \(axis) is out of range for rank \(rank + 1)") }
        return found
    }

    /// Without an iteration the extents that inference found stand; those that are open are 0.
    private func setEmptyStack(output: Int, axis: Int) throws {
        guard let type = outputType(output), let element = type.elementType, var shape = type.shape?.map({ $0.size ?? 0 }), !shape.isEmpty else {
            throw ONNXError(.shape, "output \(output) has no iteration that would give its type")
        }
        shape[try Self.stackAxis(axis, rank: shape.count - 1)] = 0
        set(output, element == .string ? try Tensor(strings: [], shape: shape) : try allocate(output, element, shape).tensor)
    }

    /// A tensor that `fill` writes: in the memory of output `output`, or of its own.
    func assembled(_ type: ElementType, _ shape: [Int], output: Int?, _ fill: (ElementMover) throws -> Void) throws -> Tensor {
        let index = output ?? 0
        let outputs = [ValueType?](repeating: nil, count: index + 1)
        let inner = RunContext(inputs: [], outputTypes: outputs, wanted: outputs.map { _ in output != nil }, host: host)
        let mover = try ElementMover(inner, output: index, type: type, shape: shape)
        try fill(mover)
        try mover.finish(inner)
        guard let tensor = inner.results[index]?.tensor else { throw ONNXError(.shape, "output \(index) was not assembled") }
        return tensor
    }

    /// Entry `index` of `axis` of a tensor, without that axis. Both must lie within the tensor.
    func entry(_ index: Int, axis: Int, of tensor: Tensor) throws -> Tensor {
        var shape = tensor.shape
        shape.remove(at: axis)
        if axis == 0 { return try tensor.slice(index, 1).reshaped(shape) }
        let source = try tensor.unpacked()
        var strides = Shape.strides(tensor.shape)
        let start = index &* strides.remove(at: axis)
        let part = try assembled(source.elementType, shape, output: nil) { mover in
            try mover.copy(
                try ElementMover.Source(source), shape, from: StridedRegion(start: start, strides: strides), to: StridedRegion(contiguous: shape), self)
        }
        return try part.packed(as: tensor.elementType)
    }
}

/// What the iterations of a body give, kept until they are stacked. Its own bookkeeping counts against the memory budget.
struct IterationResults {
    private(set) var tensors: [[Tensor]]
    private var iterations = 0
    private var ledger: [Storage] = []
    /// Bytes that stacking will need, and how many the memory budget was last asked for.
    private var stacked = 0
    private var granted = 1 << 20

    init(count: Int) { tensors = Array(repeating: [], count: count) }

    /// Takes the scan outputs of one iteration.
    mutating func append(_ values: ArraySlice<Value>, _ context: RunContext) throws {
        try context.checkDeadline()
        if iterations % 1024 == 0 { ledger.append(try context.host.scratch(byteCount: 1024 * 128 * tensors.count)) }
        iterations += 1
        for (index, value) in values.enumerated() {
            guard let tensor = value.tensor else { throw ONNXError(.shape, "scan output \(index) of the body is \(value.type), a tensor expected") }
            tensors[index].append(tensor)
            stacked = stacked.addingReportingOverflow(tensor.byteCount).partialValue
        }
        if stacked > granted {
            _ = try context.host.scratch(byteCount: stacked)
            granted = stacked.multipliedReportingOverflow(by: 2).partialValue
        }
    }
}
