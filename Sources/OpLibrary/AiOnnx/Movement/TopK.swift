internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The largest or smallest elements of an axis and their indices, sorted; equal ones by index. https://onnx.ai/onnx/operators/onnx__TopK.html
    package struct TopK: Operator {
        package static let schema = OperatorSchema(
            "TopK", since: [1, 10, 11, 24],
            inputs: [.one("X", "T"), .one("K", "tensor(int64)", since: 10)], outputs: [.one("Values", "T"), .one("Indices", "I")],
            attributes: [
                .defaulted("axis", .int(-1)), .required("k", .int, until: 9), .defaulted("largest", .int(1), since: 11),
                .defaulted("sorted", .int(1), since: 11),
            ], types: ["T": .tensors(.numeric), "tensor(int64)": .tensors(.int64), "I": .tensors(.int64)])

        private let axis: Int
        private let k: Int?
        private let isLargest: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            k = node.optionalInt("k")
            isLargest = node.optionalInt("largest") ?? 1 != 0
        }

        package func infer(_ types: Inference) throws {
            guard var shape = types.shape(0) else { return (0..<2).forEach { types.set($0, $0 == 0 ? types.element(0) : .int64, nil) } }
            let axis = try types.axis(axis, rank: shape.count)
            let given = try types.ints(1)
            guard given == nil || given?.count == 1 else { throw ONNXError(.shape, "'K' has \(given?.count ?? 0) elements, 1 expected") }
            let count = k ?? given?.first
            if let count, count < 0 || count > shape[axis].size ?? .max {
                throw ONNXError(.shape, "K is \(count), axis \(axis) has extent \(shape[axis]); 0 up to that expected")
            }
            shape[axis] = count.map(Dimension.known) ?? .unknown
            types.set(0, types.element(0), shape)
            types.set(1, .int64, shape)
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try x.elementType.visit(Visitor(x: x, axis: axis < 0 ? axis + x.rank : axis, isLargest: isLargest, context: context))
        }

        private struct Visitor: ElementVisitor {
            let x: Tensor
            let axis: Int
            let isLargest: Bool
            let context: RunContext

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (values, indices) = (try context.output(0), try context.output(1))
                let (input, found, places) = (try x.elements(T.self), try values.elements(T.self), try indices.elements(Int64.self))
                let (extent, count, inner) = (x.shape[axis], values.shape[axis], Shape.product(x.shape[(axis + 1)...]))
                if found.count == 0 { return }
                let isLargest = isLargest
                try context.parallel(found.count / count, grain: Swift.max(1, 16_384 / extent)) { rows in
                    var selection = Selection(capacity: count)
                    for row in rows {
                        let (start, end) = (row / inner &* extent &* inner &+ row % inner, row / inner &* count &* inner &+ row % inner)
                        selection.fill(extent) { a, b in
                            let (x, y) = (input[start &+ a &* inner], input[start &+ b &* inner])
                            let order = x < y ? -1 : y < x ? 1 : (x.isNotANumber ? 1 : 0) - (y.isNotANumber ? 1 : 0)
                            return order == 0 ? a < b : isLargest ? order > 0 : order < 0
                        }
                        for place in 0..<count {
                            let index = selection.indices[place]
                            found[end &+ place &* inner] = input[start &+ index &* inner]
                            places[end &+ place &* inner] = Int64(index)
                        }
                    }
                }
            }
        }
    }
}

/// The first `capacity` of a row's indices in some order, kept in a heap whose root is the last of them.
private struct Selection {
    private let capacity: Int
    private(set) var indices: [Int] = []

    init(capacity: Int) { self.capacity = capacity }

    /// Selects among `0..<count`, at least `capacity`, and sorts. `precedes` is a total order.
    @inline(__always)
    mutating func fill(_ count: Int, _ precedes: (Int, Int) -> Bool) {
        indices = Array(0..<capacity)
        if capacity < count {
            for parent in stride(from: capacity / 2 - 1, through: 0, by: -1) { sink(parent, precedes) }
            for index in capacity..<count where precedes(index, indices[0]) {
                indices[0] = index
                sink(0, precedes)
            }
        }
        indices.sort(by: precedes)
    }

    @inline(__always)
    private mutating func sink(_ start: Int, _ precedes: (Int, Int) -> Bool) {
        var parent = start
        while true {
            var last = parent
            for child in [2 &* parent &+ 1, 2 &* parent &+ 2] where child < capacity && precedes(indices[last], indices[child]) { last = child }
            if last == parent { return }
            indices.swapAt(parent, last)
            parent = last
        }
    }
}
