internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The different entries of an axis, or elements, where they first stand and how often. https://onnx.ai/onnx/operators/onnx__Unique.html
    package struct Unique: Operator {
        package static let schema = OperatorSchema(
            "Unique", since: [11, 28],
            inputs: [.one("X", "T")],
            outputs: [
                .one("Y", "T"), .optional("indices", "tensor(int64)"), .optional("inverse_indices", "tensor(int64)"), .optional("counts", "tensor(int64)"),
            ],
            attributes: [.optional("axis", .int), .defaulted("sorted", .int(1))],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int?
        private let isSorted: Bool

        package init(_ node: NodeReader) throws {
            axis = node.optionalInt("axis")
            isSorted = try node.flag("sorted")
        }

        package func infer(_ types: Inference) throws {
            if let axis {
                var shape = types.shape(0)
                if let rank = shape?.count { shape?[try types.axis(axis, rank: rank)] = .unknown }
                types.set(0, types.element(0), shape)
            } else {
                types.set(0, types.element(0), [.unknown])
            }
            for output in 1..<4 { types.set(output, .int64, [.unknown]) }
        }

        package func run(_ context: RunContext) throws {
            let given = try context.input(0)
            let x = axis == nil ? try given.reshaped([given.count]) : given
            let axis = (axis ?? 0) < 0 ? (axis ?? 0) + x.rank : axis ?? 0
            let entries = AxisEntries(extent: x.shape[axis], block: Shape.product(x.shape[(axis + 1)...]), outer: Shape.product(x.shape[..<axis]))
            _ = try context.scratch(.int64, [entries.extent, 8])
            let groups = try groups(of: x, entries, context)
            try writeValues(x, axis: axis, entries, groups.map(\.first), context)
            let inverse = try context.allocate(2, .int64, [entries.extent]).elements(Int64.self)
            let (firsts, counts) = (try context.allocate(1, .int64, [groups.count]), try context.allocate(3, .int64, [groups.count]))
            for (number, group) in groups.enumerated() {
                try firsts.elements(Int64.self)[number] = Int64(group.first)
                try counts.elements(Int64.self)[number] = Int64(group.members.count)
                for member in group.members { inverse[member] = Int64(number) }
            }
        }

        private func writeValues(_ x: Tensor, axis: Int, _ entries: AxisEntries, _ chosen: [Int], _ context: RunContext) throws {
            var shape = x.shape
            shape[axis] = chosen.count
            let mover = try ElementMover(context, type: x.elementType, shape: shape)
            let source = try ElementMover.Source(x)
            for outer in 0..<(mover.count == 0 ? 0 : entries.outer) {
                for (place, index) in chosen.enumerated() {
                    mover.copy(
                        source, from: (outer &* entries.extent &+ index) &* entries.block, count: entries.block,
                        to: (outer &* chosen.count &+ place) &* entries.block)
                }
            }
            try mover.finish(context)
        }

        /// The entries that are equal, in ascending order, or by their first member.
        private func groups(of x: Tensor, _ entries: AxisEntries, _ context: RunContext) throws -> [EntryGroup] {
            let groups: [EntryGroup]
            switch x.elementType {
            case .string:
                let strings = try x.stringArray()
                groups = entries.grouped { $0 == $1 ? 0 : strings[$0].utf8.compared(to: strings[$1].utf8) }
            case .complex64: groups = try entries.grouped(pairs: PairedElements<Float>(x))
            case .complex128: groups = try entries.grouped(pairs: PairedElements<Double>(x))
            case let type where type.isFloatingPoint && type.bitWidth < 32:
                groups = try ElementType.float.visit(Visitor(x: try x.widenedToFloat { try context.scratch(.float, $0) }, entries: entries))
            default: groups = try x.elementType.visit(Visitor(x: x, entries: entries))
            }
            return isSorted ? groups : groups.sorted { $0.first < $1.first }
        }

        private struct Visitor: ElementVisitor {
            let x: Tensor
            let entries: AxisEntries
            func visit<T: Arithmetic>(_ type: T.Type) throws -> [EntryGroup] {
                let elements = try x.elements(T.self)
                return entries.grouped { order(elements[$0], elements[$1]) }
            }
        }
    }
}

/// Negative when `a` comes before `b`; NaN is equal to NaN and after all else.
private func order<T: Arithmetic>(_ a: T, _ b: T) -> Int {
    if a < b { return -1 }
    if b < a { return 1 }
    return (a.isNotANumber ? 1 : 0) - (b.isNotANumber ? 1 : 0)
}

/// The real and imaginary parts of complex numbers.
private struct PairedElements<T: Arithmetic> {
    let parts: Elements<T>

    init(_ tensor: Tensor) throws {
        guard case .bytes(let storage, let offset) = tensor.contents else { throw ONNXError(.shape, "complex numbers expected, \(tensor) found") }
        parts = Elements(storage, byteOffset: offset, count: 2 * tensor.count)
    }
}

private struct EntryGroup {
    let first: Int
    let members: [Int]
}

/// The indices of one axis of a tensor, compared by all that stands under them.
private struct AxisEntries {
    let extent: Int
    let block: Int
    let outer: Int

    func grouped<T: Arithmetic>(pairs: PairedElements<T>) -> [EntryGroup] {
        grouped { a, b in
            let real = order(pairs.parts[2 &* a], pairs.parts[2 &* b])
            return real != 0 ? real : order(pairs.parts[2 &* a &+ 1], pairs.parts[2 &* b &+ 1])
        }
    }

    /// `compare` orders two elements by their flat indices.
    @inline(__always)
    func grouped(_ compare: (Int, Int) -> Int) -> [EntryGroup] {
        func compareEntries(_ a: Int, _ b: Int) -> Int {
            for row in 0..<outer {
                let (x, y) = ((row &* extent &+ a) &* block, (row &* extent &+ b) &* block)
                for place in 0..<block {
                    let found = compare(x &+ place, y &+ place)
                    if found != 0 { return found }
                }
            }
            return 0
        }
        let sorted = (0..<extent).sorted {
            let found = compareEntries($0, $1)
            return found != 0 ? found < 0 : $0 < $1
        }
        var groups: [EntryGroup] = []
        var start = 0
        for end in 1..<(Swift.max(1, extent) + 1) where end <= extent && (end == extent || compareEntries(sorted[start], sorted[end]) != 0) {
            groups.append(EntryGroup(first: sorted[start], members: Array(sorted[start..<end])))
            start = end
        }
        return groups
    }
}

extension String.UTF8View {
    /// Negative when this comes first by code points, which is the order of UTF-8.
    fileprivate func compared(to other: String.UTF8View) -> Int {
        if lexicographicallyPrecedes(other) { return -1 }
        return elementsEqual(other) ? 0 : 1
    }
}
