internal import Bytes
package import Tensors

/// Copies elements of any type, strings too, into an output. For operators that only move elements.
package struct ElementMover {
    private enum Target {
        case bytes(MutableElements<UInt8>, width: Int)
        case strings(Strings)
    }

    private final class Strings {
        var values: [String]
        init(count: Int) { values = Array(repeating: "", count: count) }
    }

    private let target: Target
    private let output: Int
    /// The shape of the output.
    package let shape: [Int]
    /// The number of elements of the output.
    package let count: Int

    /// Moves into output `output` of `context`; the shape is the inferred one unless `shape` gives it.
    package init(_ context: RunContext, output: Int = 0, type: ElementType, shape: [Int]? = nil) throws {
        self.output = output
        if type == .string {
            guard let shape = shape ?? context.outputType(output)?.knownShape else {
                throw ONNXError(.shape, "the shape of output \(output) is not known before the operator runs")
            }
            self.shape = shape
            count = try Shape.count(shape)
            let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<String>.stride)
            _ = try context.host.scratch(byteCount: overflow ? .max : bytes)
            target = .strings(Strings(count: count))
        } else {
            let tensor = try shape.map { try context.allocate(output, type, $0) } ?? context.output(output)
            guard tensor.elementType == type || tensor.elementType.bitWidth == type.bitWidth else {
                throw ONNXError(.shape, "output \(output) is of type \(tensor.elementType), \(type) expected")
            }
            self.shape = tensor.shape
            count = tensor.count
            target = .bytes(tensor.rawBytes(), width: type.bitWidth / 8)
        }
    }

    /// Copies `count` elements of `source` from index `from` to index `to`. Both ranges are checked. Not for parallel use on strings.
    package func copy(_ source: Source, from: Int, count: Int, to: Int) {
        switch (target, source.contents) {
        case (.bytes(let bytes, let width), .bytes(let input)):
            bytes.copy(input, from: from &* width, count: count &* width, to: to &* width)
        case (.strings(let strings), .strings(let input)):
            strings.values.replaceSubrange(to..<to + count, with: input[from..<from + count])
        default: preconditionFailure("source and target are of one type by the operator's inference")
        }
    }

    /// Copies the elements of a region of `source` to a region of the output, both under `shape`.
    package func copy(_ source: Source, _ shape: [Int], from: StridedRegion, to: StridedRegion, _ context: RunContext) throws {
        let copy = try StridedCopy(shape: shape, from: from, of: source.count, to: to, of: count)
        switch (target, source.contents) {
        case (.bytes(let bytes, let width), .bytes(let input)):
            switch width {
            case 1: try copy.run(UInt8.self, input, bytes, context)
            case 2: try copy.run(UInt16.self, input, bytes, context)
            case 4: try copy.run(UInt32.self, input, bytes, context)
            case 8: try copy.run(UInt64.self, input, bytes, context)
            default: try copy.run(UInt128.self, input, bytes, context)
            }
        case (.strings(let strings), .strings(let input)):
            if copy.isEmpty { return }
            copy.forEach(0..<Shape.product(copy.shape), rank: copy.shape.count) { strings.values[$1] = input[$0] }
        default: throw ONNXError(.shape, "strings and other elements can't be in one tensor")
        }
    }

    /// Copies the elements of `source` at `positions`, which lie within it, in their order to the whole output.
    package func gather(_ source: Source, at positions: MutableElements<Int64>, _ context: RunContext) throws {
        guard positions.count == count else { throw ONNXError(.shape, "\(positions.count) elements gathered, \(count) expected") }
        guard case .bytes(_, let width) = target else {
            for index in positions.indices { copy(source, from: Int(positions[index]), count: 1, to: index) }
            return
        }
        switch width {
        case 1: try gather(UInt8.self, source, positions, context)
        case 2: try gather(UInt16.self, source, positions, context)
        case 4: try gather(UInt32.self, source, positions, context)
        case 8: try gather(UInt64.self, source, positions, context)
        default: try gather(UInt128.self, source, positions, context)
        }
    }

    private func gather<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
        _ type: T.Type, _ source: Source, _ positions: MutableElements<Int64>, _ context: RunContext
    ) throws {
        guard case .bytes(let bytes, _) = target, case .bytes(let input) = source.contents else { return }
        let width = MemoryLayout<T>.size
        let limit = UInt(source.count)
        try context.parallel(positions.count, grain: 65_536) { range in
            unsafe input.withPointer { input in
                unsafe bytes.withPointer { output in
                    let (from, to) = unsafe (UnsafeRawPointer(input), UnsafeMutableRawPointer(output))
                    for index in range {
                        let position = Int(positions[index])
                        precondition(UInt(bitPattern: position) < limit, "element index out of range")
                        let element = unsafe from.loadUnaligned(fromByteOffset: position &* width, as: T.self)
                        unsafe to.storeBytes(of: element, toByteOffset: index &* width, as: T.self)
                    }
                }
            }
        }
    }

    /// Copies all of `source`, whose elements are in the same order as the output's.
    package func copyAll(_ source: Source) { copy(source, from: 0, count: source.count, to: 0) }

    /// Writes element 0 of `source` to every place; without a source, zeros or empty strings.
    package func fill(_ source: Source?, _ context: RunContext) throws {
        if count == 0 { return }
        if let source {
            return try copy(source, [count], from: StridedRegion(strides: [0]), to: StridedRegion(strides: [1]), context)
        }
        if case .bytes(let bytes, _) = target {
            unsafe bytes.withPointer { unsafe $0.update(repeating: 0, count: bytes.count) }
        }
    }

    /// Gives strings to the context; bytes are there already.
    package func finish(_ context: RunContext) throws {
        if case .strings(let strings) = target { context.set(output, try Tensor(strings: strings.values, shape: shape)) }
    }

    /// A tensor to copy from.
    package struct Source {
        fileprivate enum Contents {
            case bytes(Elements<UInt8>)
            case strings([String])
        }
        fileprivate let contents: Contents
        /// The number of elements.
        package let count: Int

        package init(_ tensor: Tensor) throws {
            contents = tensor.elementType == .string ? .strings(try tensor.stringArray()) : .bytes(try tensor.bytes())
            count = tensor.count
        }
    }
}
