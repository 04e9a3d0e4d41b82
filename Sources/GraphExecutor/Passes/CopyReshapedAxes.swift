internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Reshapes whose leading axes stay as they are say so, with zeros, in place of the extents that exporters collect or write down.
///
/// Such a reshape serves any extent of these axes, and nothing need compute its target.
enum CopyReshapedAxes: Pass {
    static let name = "copy reshaped axes"

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "Reshape") where node.inputs.count == 2 {
            guard let target = target(node, editor), editor.integers(node.inputs[1]) != target.map({ Int($0) }) else { continue }
            guard let tensor = try? Tensor(target, shape: [target.count]) else { continue }
            let name = editor.newName(node.outputs[0] + "_copied_axes")
            editor.addConstant(tensor, for: name)
            var copying = node
            copying.inputs[1] = name
            copying.attributes["allowzero"] = nil
            editor.replace(index, with: copying, as: "copied axes")
        }
    }

    /// Zeros for the leading axes that stay, and known extents behind them. Nil where there are none, or others than these.
    private static func target(_ node: Node, _ editor: GraphEditor) -> [Int64]? {
        guard let own = editor.shape(node.inputs[0]), let sizes = editor.sizes(node.inputs[1]) else { return nil }
        var isZeroACopy = true
        if case .int(let flag)? = node.attributes["allowzero"] { isZeroACopy = flag == 0 }
        let wanted = sizes.enumerated().map { axis, size in extent(size, axis, own, isZeroACopy: isZeroACopy, editor) }
        for count in stride(from: min(own.count, wanted.count) - 1, through: 1, by: -1) {
            let before = own.dropFirst(count).compactMap(\.size)
            guard before.count == own.count - count, let elements = product(before), let last = trailing(wanted.dropFirst(count), elements) else { continue }
            // With equal elements behind them, one leading axis follows from the others.
            let open = (0..<count).filter { wanted[$0] != own[$0] || own[$0] == .unknown }
            guard open.isEmpty || open.count == 1 && open.allSatisfy({ wanted[$0]?.size == nil }) else { continue }
            guard open.isEmpty || !wanted.dropFirst(count).contains(nil) || isDepth(elements, node.outputs[0], editor) else { continue }
            return Array(repeating: 0, count: count) + last.map { Int64($0) }
        }
        return nil
    }

    /// Extents that hold `elements`, of which one may be left open.
    private static func trailing(_ wanted: ArraySlice<Dimension?>, _ elements: Int) -> [Int]? {
        guard let others = product(wanted.compactMap { $0?.size }), elements % others == 0, wanted.count(where: { $0?.size == nil }) <= 1,
            wanted.allSatisfy({ $0 == nil || $0?.size != nil }), wanted.contains(nil) || others == elements
        else { return nil }
        return wanted.map { $0?.size ?? elements / others }
    }

    /// Whether all that reads the value are products with matrices of so many rows, which would refuse any other.
    private static func isDepth(_ elements: Int, _ name: String, _ editor: GraphEditor) -> Bool {
        let readers = editor.readers(name)
        return !readers.isEmpty && readers.count == editor.useCount(name)
            && readers.allSatisfy { _, node in
                guard node.domain == Fused.domain, node.opType == "Linear", node.inputs[0] == name, let shape = editor.shape(node.inputs[1]) else {
                    return false
                }
                var isTransposed = false
                if case .int(let flag)? = node.attributes["transB"] { isTransposed = flag != 0 }
                return shape[isTransposed ? 1 : 0] == .known(elements)
            }
    }

    private static func product(_ sizes: [Int]) -> Int? {
        sizes.reduce(1) { result, size in
            guard let result, case let (product, overflow) = result.multipliedReportingOverflow(by: size), !overflow, product > 0 else { return nil }
            return product
        }
    }

    /// What an element of the target makes of its axis; nil for one that is left open.
    private static func extent(
        _ size: (extentOf: String?, axis: Int, size: Int?), _ axis: Int, _ own: [Dimension], isZeroACopy: Bool, _ editor: GraphEditor
    ) -> Dimension? {
        if let number = size.size {
            if number == 0, isZeroACopy { return axis < own.count ? own[axis] : nil }
            return number == -1 ? nil : .known(number)
        }
        guard let value = size.extentOf, let shape = editor.shape(value), size.axis < shape.count else { return nil }
        return shape[size.axis]
    }
}
