internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// softmax(scale Q K' + mask) V in the forms that exporters write, brought to one that says which mask idiom it was.
enum FuseAttention: Pass {
    static let name = "fuse attention"

    private struct Refusal: Error { let reason: String }

    /// A replacing mask must be so low that no score can be seen beside it.
    private static let lowest = -1e30

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "Softmax") {
            do {
                var match = Match(editor: editor)
                try match.follow(index, node)
                try match.replace()
            } catch { editor.refuse(node, error.reason) }
        }
    }

    private struct Match {
        let editor: GraphEditor
        private var removed: [Int] = []
        private var scale = 1.0
        private var q = (name: "", isRowsFirst: false)
        private var k = (name: "", isRowsFirst: false)
        private var v = (name: "", isRowsFirst: false)
        private var mask: String?
        private var fill: Double?
        private var guards = false
        private var value: (index: Int, node: Node)?
        private var queriesHeadsFirst = ""

        init(editor: GraphEditor) { self.editor = editor }

        mutating func follow(_ index: Int, _ softmax: Node) throws(Refusal) {
            guard editor.isFloat(softmax.inputs[0]) else { throw Refusal(reason: "the scores are not of type float") }
            var axis: Int64 = (softmax.version ?? editor.opset) >= 13 ? -1 : 1
            if case .int(let given)? = softmax.attributes["axis"] { axis = given }
            guard axis == -1 || axis == 3 else { throw Refusal(reason: "the softmax is over axis \(axis), not over the keys") }
            removed.append(index)
            let weights = try followGuard(softmax.outputs[0])
            guard let product = editor.onlyReader(weights), product.node.opType == "MatMul", product.node.inputs[0] == weights, product.node.domain.isEmpty
            else {
                throw Refusal(reason: "the weights are not read by a product with the values alone")
            }
            value = product
            v = try heads(product.node.inputs[1])
            try followScores(softmax.inputs[0])
        }

        /// Where(IsNaN(weights), 0, weights), if it is there.
        private mutating func followGuard(_ weights: String) throws(Refusal) -> String {
            guard editor.useCount(weights) == 2, !editor.isOutput(weights) else {
                guard editor.isInner(weights) else { throw Refusal(reason: "the weights have another use") }
                return weights
            }
            for (index, node) in editor.readers(weights) where node.opType == "Where" && node.domain.isEmpty && node.inputs[2] == weights {
                guard let test = editor.producer(node.inputs[0]), test.node.opType == "IsNaN", test.node.inputs[0] == weights,
                    editor.isInner(node.inputs[0]), editor.scalar(node.inputs[1]) == 0
                else { continue }
                guards = true
                removed += [index, test.index]
                return node.outputs[0]
            }
            throw Refusal(reason: "the weights have another use")
        }

        private mutating func followScores(_ name: String) throws(Refusal) {
            guard let (index, node) = editor.producer(name), node.domain.isEmpty else { throw Refusal(reason: "the scores are made by no node") }
            try claim(name, index)
            switch node.opType {
            case "Add":
                // The side that leads to a product of queries and keys is the scores; the other is the mask.
                let sides = [0, 1].filter { isProduct(node.inputs[$0]) }
                guard sides.count == 1, let side = sides.first else { throw Refusal(reason: "it is not clear which operand of the sum is the mask") }
                mask = node.inputs[1 - side]
                guard editor.isFloat(node.inputs[1 - side]), let rank = editor.shape(node.inputs[1 - side])?.count, rank <= 4 else {
                    throw Refusal(reason: "the mask is no float tensor of rank 4 or less")
                }
                try followProduct(node.inputs[side])
            case "Where":
                guard let fill = editor.scalar(node.inputs[1]), fill <= lowest else { throw Refusal(reason: "what replaces masked scores is not low enough") }
                guard let rank = editor.shape(node.inputs[0])?.count, rank <= 4 else { throw Refusal(reason: "the mask is of no known rank up to 4") }
                (mask, self.fill) = (node.inputs[0], fill)
                try followProduct(node.inputs[2])
            default: try followProduct(name, isClaimed: true)
            }
        }

        private func isProduct(_ name: String) -> Bool {
            guard let node = editor.producer(name)?.node, node.domain.isEmpty else { return false }
            switch node.opType {
            case "MatMul": return true
            case "Mul": return node.inputs.contains { editor.scalar($0) != nil } && node.inputs.contains { editor.scalar($0) == nil && isProduct($0) }
            case "Div": return editor.scalar(node.inputs[1]) != nil && isProduct(node.inputs[0])
            default: return false
            }
        }

        /// scale Q K', the scale on the product or on either side.
        private mutating func followProduct(_ start: String, isClaimed: Bool = false) throws(Refusal) {
            let inner = unscaled(start)
            for (offset, name) in inner.passed.enumerated() where !(isClaimed && offset == 0) {
                if let index = editor.producer(name)?.index { try claim(name, index) }
            }
            guard let (index, product) = editor.producer(inner.name), product.opType == "MatMul", product.domain.isEmpty else {
                throw Refusal(reason: "the scores are no product of queries and keys")
            }
            let (left, right) = (unscaled(product.inputs[0]), unscaled(product.inputs[1]))
            scale = inner.factor * left.factor * right.factor
            queriesHeadsFirst = left.name
            q = try heads(left.name)
            k = try keys(right.name)
            if !(isClaimed && inner.passed.isEmpty) {
                try forwardShapes(of: inner.name)
                try claim(inner.name, index)
            }
        }

        /// Lets nodes that read only the shape of the scores read it from queries and keys.
        private func forwardShapes(of name: String) throws(Refusal) {
            let shapes = editor.readers(name).filter { isWholeShape($0.node) }
            guard !shapes.isEmpty, shapes.count == editor.useCount(name) - 1, !editor.isOutput(name) else { return }
            let (queries, keys) = (editor.shape(q.name), editor.shape(k.name))
            let head = (q.isRowsFirst ? 2 : 1, k.isRowsFirst ? 2 : 1)
            guard let queries, let keys, queries[0] == keys[0], queries[head.0] == keys[head.1], queries[0] != .unknown, queries[head.0] != .unknown else {
                throw Refusal(reason: "the shape of the scores is read, and queries and keys are not known to have equal batches and heads")
            }
            for (index, node) in shapes {
                let base = node.outputs[0]
                let picks: [(String, String, [Int64])] = [
                    ("queries", q.name, q.isRowsFirst ? [0, 2, 1] : [0, 1, 2]), ("keys", k.name, k.isRowsFirst ? [1] : [2]),
                ]
                for (part, source, axes) in picks {
                    guard let tensor = try? Tensor(axes, shape: [axes.count]) else { throw Refusal(reason: "an axis can't be named") }
                    editor.addConstant(tensor, for: "\(base)_\(part)_axes")
                    editor.insert(Node("Shape", inputs: [source], outputs: ["\(base)_\(part)_shape"]), before: index)
                    editor.insert(
                        Node(
                            "Gather", inputs: ["\(base)_\(part)_shape", "\(base)_\(part)_axes"], outputs: ["\(base)_\(part)"],
                            attributes: ["axis": .int(0)]), before: index)
                }
                editor.replaceQuietly(index, with: Node("Concat", inputs: ["\(base)_queries", "\(base)_keys"], outputs: [base], attributes: ["axis": .int(0)]))
            }
        }

        /// What a constant factor is applied to, and that factor.
        private func unscaled(_ name: String) -> (name: String, factor: Double, passed: [String]) {
            var (name, factor, passed) = (name, 1.0, [String]())
            while let node = editor.producer(name)?.node, node.domain.isEmpty {
                if node.opType == "Mul", let side = [0, 1].first(where: { editor.scalar(node.inputs[$0]) != nil }),
                    let number = editor.scalar(node.inputs[side])
                {
                    (factor, passed) = (factor * number, passed + [name])
                    name = node.inputs[1 - side]
                } else if node.opType == "Div", let number = editor.scalar(node.inputs[1]), number != 0 {
                    (factor, passed) = (factor / number, passed + [name])
                    name = node.inputs[0]
                } else {
                    break
                }
            }
            return (name, factor, passed)
        }

        private mutating func claim(_ name: String, _ index: Int) throws(Refusal) {
            guard editor.isInner(name) else { throw Refusal(reason: "'\(name)' has another use") }
            removed.append(index)
        }

        /// Queries or values, before a transpose that brings heads first.
        private func heads(_ name: String) throws(Refusal) -> (name: String, isRowsFirst: Bool) {
            if let x = transposed(name, [0, 2, 1, 3]) { return (x, true) }
            guard editor.shape(name)?.count == 4 else { throw Refusal(reason: "'\(name)' is of no known rank 4") }
            return (name, false)
        }

        /// Keys, before the transposes that bring their rows last.
        private func keys(_ name: String) throws(Refusal) -> (name: String, isRowsFirst: Bool) {
            if let x = transposed(name, [0, 2, 3, 1]) { return (x, true) }
            if let x = transposed(name, [0, 1, 3, 2]) { return try heads(x) }
            if let x = flattened(name) { return try heads(x) }
            throw Refusal(reason: "the keys are not transposed")
        }

        private func transposed(_ name: String, _ order: [Int64]) -> String? {
            guard let node = editor.producer(name)?.node, node.opType == "Transpose", node.domain.isEmpty, case .ints(order)? = node.attributes["perm"] else {
                return nil
            }
            return node.inputs[0]
        }

        /// Keys that are transposed as a stack: [batch, head, row, size] → [batch head, row, size] → [batch head, size, row] → [batch, head, size, row].
        private func flattened(_ name: String) -> String? {
            guard let last = editor.producer(name)?.node, last.opType == "Reshape", let stack = transposed(last.inputs[0], [0, 2, 1]),
                let first = editor.producer(stack)?.node, first.opType == "Reshape", editor.shape(first.inputs[0])?.count == 4 || first.inputs.count == 2
            else { return nil }
            let keys = first.inputs[0]
            guard isExtents(first.inputs[1], of: keys, [nil, 2, 3]), isExtents(last.inputs[1], of: keys, [0, 1, 3, 2]) else { return nil }
            return keys
        }

        /// Whether a shape is made of these axes of `value`; nil stands for -1 and whatever is left.
        private func isExtents(_ shape: String, of value: String, _ axes: [Int?]) -> Bool {
            guard let sizes = editor.sizes(shape), sizes.count == axes.count else { return false }
            let own = editor.shape(value)
            return zip(sizes, axes).allSatisfy { size, axis in
                guard let axis else { return size.size == -1 }
                if size.extentOf == value { return size.axis == axis }
                return size.size != nil && own?[axis].size == size.size
            }
        }

        mutating func replace() throws(Refusal) {
            guard let value, let mainName = value.node.outputs.first else { return }
            let result = absorbedTranspose(mainName)
            var attributes: OrderedDictionary<String, Attribute> = ["scale": .float(Float(scale))]
            if guards { attributes["guards"] = .int(1) }
            if let fill { attributes["fill"] = .float(Float(fill)) }
            for (flag, isSet) in [
                ("q_rows_first", q.isRowsFirst), ("k_rows_first", k.isRowsFirst), ("v_rows_first", v.isRowsFirst), ("y_rows_first", result != nil),
            ] where isSet { attributes[flag] = .int(1) }
            let fused = Node(
                "Attention", domain: Fused.domain, name: value.node.name, inputs: [q.name, k.name, v.name] + (mask.map { [$0] } ?? []),
                outputs: [result?.output ?? mainName], attributes: attributes)
            editor.replace(value.index, with: fused, removing: removed + (result?.indices ?? []), as: "attention")
        }

        /// The transpose that brings rows first again, if the result is read by nothing else but Shape, which then reads the transposed one.
        private func absorbedTranspose(_ name: String) -> (indices: [Int], output: String)? {
            guard !editor.isOutput(name) else { return nil }
            let readers = editor.readers(name)
            guard readers.count == editor.useCount(name) else { return nil }
            let shapes = readers.filter { isWholeShape($0.node) }
            let others = readers.filter { !isWholeShape($0.node) }
            guard others.count == 1, var transpose = others.first else { return nil }
            var reshape: Int?
            if isSameShape(transpose.node, name), let next = editor.onlyReader(transpose.node.outputs[0]) {
                reshape = transpose.index
                transpose = next
            }
            guard transposed(transpose.node.outputs[0], [0, 2, 1, 3]) == transpose.node.inputs[0] else { return nil }
            let output = transpose.node.outputs[0]
            for (index, node) in shapes {
                let order = "\(node.outputs[0])_order"
                guard let tensor = try? Tensor([Int64(0), 2, 1, 3], shape: [4]) else { return nil }
                editor.addConstant(tensor, for: order)
                editor.insert(Node("Shape", inputs: [output], outputs: ["\(node.outputs[0])_transposed"]), before: index)
                editor.replaceQuietly(
                    index, with: Node("Gather", inputs: ["\(node.outputs[0])_transposed", order], outputs: node.outputs, attributes: ["axis": .int(0)]))
            }
            return ([transpose.index] + (reshape.map { [$0] } ?? []), output)
        }

        /// Whether the node reshapes the result to the shape that it has: its own extents, the queries' rows, and at most one that is left open.
        private func isSameShape(_ node: Node, _ name: String) -> Bool {
            guard node.opType == "Reshape", node.domain.isEmpty, node.inputs[0] == name, let sizes = editor.sizes(node.inputs[1]), sizes.count == 4,
                sizes.count(where: { $0.size == -1 }) <= 1
            else { return false }
            let own = editor.shape(name)
            return sizes.enumerated().allSatisfy { axis, size in
                if size.size == -1 || size.extentOf == name && size.axis == axis { return true }
                if axis == 2, size.axis == 2, size.extentOf == queriesHeadsFirst { return true }
                return size.size != nil && size.size == own?[axis].size
            }
        }

        private func isWholeShape(_ node: Node) -> Bool {
            guard node.opType == "Shape", node.domain.isEmpty, node.attributes["end"] == nil else { return false }
            if case .int(let start)? = node.attributes["start"] { return start == 0 }
            return true
        }
    }
}
