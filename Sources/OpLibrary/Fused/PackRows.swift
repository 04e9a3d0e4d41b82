internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// Rows of X `[batch, row, ...]` behind one another: `[1, kept row, ...]`. Batch and rows of X broadcast to `extents`.
    package struct PackRows: FusedOperator {
        package static let schema = OperatorSchema(
            "PackRows", domain: Fused.domain, since: [1],
            inputs: [.one("X", "T"), .one("rows", "I"), .one("extents", "I")], outputs: [.one("Y", "T")],
            types: ["T": .tensors(.float), "I": .tensors(.int64)])

        package init(_ node: NodeReader) throws {}

        package static func expansion(of node: Node) throws -> Function { function(["X", "rows", "extents"], nodes(from: "X", to: "Y")) }

        /// The same in ONNX's operators, with `rows` and `extents` of that name.
        static func nodes(from x: String, to y: String) -> [Node] {
            [
                Node("Shape", inputs: [x], outputs: [x + "_inner"], attributes: ["start": .int(2)]),
                Node("Concat", inputs: ["extents", x + "_inner"], outputs: [x + "_shape"], attributes: ["axis": .int(0)]),
                Node("Expand", inputs: [x, x + "_shape"], outputs: [x + "_whole"]),
                Node("Constant", inputs: [], outputs: [x + "_one"], attributes: ["value_ints": .ints([1])]),
                Node("ReduceProd", inputs: ["extents"], outputs: [x + "_count"], attributes: ["keepdims": .int(1)]),
                Node("Concat", inputs: [x + "_one", x + "_count", x + "_inner"], outputs: [x + "_flat"], attributes: ["axis": .int(0)]),
                Node("Reshape", inputs: [x + "_whole", x + "_flat"], outputs: [x + "_rows"], attributes: ["allowzero": .int(1)]),
                Node("Gather", inputs: [x + "_rows", "rows"], outputs: [y], attributes: ["axis": .int(1)]),
            ]
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "X")
            guard let x = types.shape(0) else { return types.set(0, .float, nil) }
            types.set(0, .float, [.known(1), types.shape(1)?.first ?? .unknown] + x[2...])
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            switch input {
            case 0 where axis >= 2: .axis(axis)
            case 1 where axis == 1: .axis(0)
            default: .mixed
            }
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let extents = try context.input(2).ints()
            guard extents.count == 2, x.rank >= 2, zip(x.shape, extents).allSatisfy({ $0 == 1 || $0 == $1 }) else {
                throw ONNXError(.shape, "\(x) doesn't broadcast to batch and rows \(Shape.text(extents))")
            }
            let rows = try RowIndices(try context.input(1), extents)
            let block = Shape.product(x.shape[2...])
            let (isOne, isRow) = (x.shape[0] == 1, x.shape[1] == 1)
            let (source, target) = (try x.elements(Float.self), try context.allocate(0, .float, [1, rows.count] + x.shape[2...]).elements(Float.self))
            try context.parallel(rows.count, grain: Swift.max(1, 16_384 / Swift.max(1, block))) { range in
                for index in range {
                    let (batch, row) = rows[index].quotientAndRemainder(dividingBy: extents[1])
                    let from = (isOne ? 0 : batch) * x.shape[1] + (isRow ? 0 : row)
                    target.copy(source, from: from * block, count: block, to: index * block)
                }
            }
        }
    }

    /// Packed rows `[1, kept row, ...]` in their places of `[batch, row, ...]`; rows that were left out are 0.
    package struct UnpackRows: FusedOperator {
        package static let schema = OperatorSchema(
            "UnpackRows", domain: Fused.domain, since: [1],
            inputs: [.one("X", "T"), .one("rows", "I"), .one("extents", "I")], outputs: [.one("Y", "T")],
            types: ["T": .tensors(.float), "I": .tensors(.int64)])

        package init(_ node: NodeReader) throws {}

        package static func expansion(of node: Node) throws -> Function { function(["X", "rows", "extents"], nodes(from: "X", to: "Y")) }

        /// The same in ONNX's operators, with `rows` and `extents` of that name.
        static func nodes(from x: String, to y: String) -> [Node] {
            [
                Node("Shape", inputs: [x], outputs: [x + "_inner"], attributes: ["start": .int(2)]),
                Node("Constant", inputs: [], outputs: [x + "_first"], attributes: ["value_ints": .ints([0])]),
                Node("Constant", inputs: [], outputs: [x + "_last"], attributes: ["value_ints": .ints([-1])]),
                Node("ReduceProd", inputs: ["extents"], outputs: [x + "_count"], attributes: ["keepdims": .int(1)]),
                Node("Concat", inputs: [x + "_count", x + "_inner"], outputs: [x + "_flat"], attributes: ["axis": .int(0)]),
                Node("ConstantOfShape", inputs: [x + "_flat"], outputs: [x + "_zeros"]),
                Node("Unsqueeze", inputs: ["rows", x + "_last"], outputs: [x + "_places"]),
                Node("Squeeze", inputs: [x, x + "_first"], outputs: [x + "_rows"]),
                Node("ScatterND", inputs: [x + "_zeros", x + "_places", x + "_rows"], outputs: [x + "_filled"]),
                Node("Concat", inputs: ["extents", x + "_inner"], outputs: [x + "_shape"], attributes: ["axis": .int(0)]),
                Node("Reshape", inputs: [x + "_filled", x + "_shape"], outputs: [y], attributes: ["allowzero": .int(1)]),
            ]
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "X")
            guard let x = types.shape(0) else { return types.set(0, .float, nil) }
            let extents = try types.ints(2)?.map(Dimension.known) ?? [.unknown, .unknown]
            types.set(0, .float, extents + x[2...])
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let extents = try context.input(2).ints()
            let rows = try RowIndices(try context.input(1), extents)
            guard x.rank >= 2, x.shape[0] == 1, x.shape[1] == rows.count else { throw ONNXError(.shape, "\(x) has no \(rows.count) packed rows") }
            let block = Shape.product(x.shape[2...])
            let (source, y) = (try x.elements(Float.self), try context.output())
            guard y.shape.starts(with: extents), y.count == rows.limit * block else {
                throw ONNXError(.shape, "batch and rows are \(extents), \(y.tensor) planned")
            }
            let target = try y.elements(Float.self)
            // Between one kept row and the next all are 0.
            try context.parallel(rows.count + 1, grain: Swift.max(1, 16_384 / Swift.max(1, block))) { range in
                for index in range {
                    let empty = (index == 0 ? 0 : rows[index - 1] + 1)..<(index == rows.count ? rows.limit : rows[index])
                    for place in empty.lowerBound * block..<empty.upperBound * block { target[place] = 0 }
                    if index < rows.count { target.copy(source, from: index * block, count: block, to: rows[index] * block) }
                }
            }
        }
    }
}

/// Ascending indices of rows, each within batch x rows.
private struct RowIndices: Sendable {
    private let elements: Elements<Int64>
    let count: Int
    /// Rows that there are.
    let limit: Int

    init(_ tensor: Tensor, _ extents: [Int]) throws {
        elements = try tensor.elements(Int64.self)
        count = tensor.count
        guard extents.count == 2 else { throw ONNXError(.shape, "the extents are \(extents); batch and rows expected") }
        limit = try Shape.count(extents)
        var last: Int64 = -1
        for index in 0..<count {
            guard elements[index] > last, elements[index] < Int64(limit) else {
                throw ONNXError(.shape, "row \(elements[index]) at place \(index) is out of order or beyond \(limit) rows")
            }
            last = elements[index]
        }
    }

    subscript(_ index: Int) -> Int { Int(elements[index]) }
}
