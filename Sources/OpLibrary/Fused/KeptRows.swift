internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// Batch and rows of a batch of sequences: what the first two axes of all X and the mask's batch broadcast to.
    package struct RowExtents: FusedOperator {
        package static let schema = OperatorSchema(
            "RowExtents", domain: Fused.domain, since: [1],
            inputs: [.one("mask", "M"), .variadic("X", "T")], outputs: [.one("extents", "I")],
            types: ["T": .tensors(.float), "M": .tensors(.float, .bool), "I": .tensors(.int64)])

        package init(_ node: NodeReader) throws {}

        package static func expansion(of node: Node) throws -> Function {
            let names = node.inputs.dropFirst().indices.map { "X\($0)" }
            let first = Node("Constant", inputs: [], outputs: ["first"], attributes: ["value_ints": .ints([0])])
            var nodes = [
                first, Node("Constant", inputs: [], outputs: ["second"], attributes: ["value_ints": .ints([1])]),
                Node("Constant", inputs: [], outputs: ["four"], attributes: ["value_ints": .ints([1, 1, 1, 1])]),
                // The mask's batch, 1 where it has none.
                Node("ConstantOfShape", inputs: ["four"], outputs: ["point"]), Node("Shape", inputs: ["mask"], outputs: ["mask_shape"]),
                Node("Expand", inputs: ["point", "mask_shape"], outputs: ["spread"]),
                Node("Shape", inputs: ["spread"], outputs: ["batch"], attributes: ["start": .int(0), "end": .int(1)]),
                Node("Concat", inputs: ["batch", "second"], outputs: ["extents_0"], attributes: ["axis": .int(0)]),
            ]
            for (index, name) in names.enumerated() {
                nodes += [
                    Node("ConstantOfShape", inputs: ["extents_\(index)"], outputs: ["zeros_\(index)"]),
                    Node("Shape", inputs: [name], outputs: ["shape_\(index)"], attributes: ["start": .int(0), "end": .int(2)]),
                    Node("Expand", inputs: ["zeros_\(index)", "shape_\(index)"], outputs: ["spread_\(index)"]),
                    Node("Shape", inputs: ["spread_\(index)"], outputs: [index == names.count - 1 ? "Y" : "extents_\(index + 1)"]),
                ]
            }
            return function(["mask"] + names, nodes)
        }

        package func infer(_ types: Inference) throws {
            types.set(0, .int64, [2])
            let masked = types.shape(0).map { [$0.count < 4 ? .known(1) : $0[$0.count - 4], .known(1)] }
            let shapes = (1..<types.inputCount).map { types.shape($0).map { Array($0.prefix(2)) } }
            guard let found = try Inference.broadcast([masked] + shapes), found.count == 2, let batch = found[0].size, let rows = found[1].size else { return }
            types.setValue(0, try Tensor([Int64(batch), Int64(rows)], shape: [2]))
        }

        package func run(_ context: RunContext) throws {
            let mask = try context.input(0).shape
            var shape = [mask.count < 4 ? 1 : mask[mask.count - 4], 1]
            for index in 1..<context.inputCount {
                guard let next = Shape.broadcast(shape, Array(try context.input(index).shape.prefix(2))), next.count == 2 else {
                    throw ONNXError(.shape, "batches and rows don't broadcast")
                }
                shape = next
            }
            let y = try context.output().elements(Int64.self)
            for (index, size) in shape.enumerated() { y[index] = Int64(size) }
        }
    }

    /// The rows that are to be computed, as indices in `[batch x row]`, and where each sequence's begin among them.
    ///
    /// A row is left out whose key `mask` (as that of `Attention`) hides from every query, and whose elements `multiplier` makes 0. All rows are kept where
    /// the mask says more than which keys are hidden; where a row that is hidden is needed, for its multiplier isn't 0 or, with `reads_first`, because it
    /// is the first of its sequence; and where, without `allows_empty`, a sequence would have none.
    package struct KeptRows: FusedOperator {
        package static let schema = OperatorSchema(
            "KeptRows", domain: Fused.domain, since: [1],
            inputs: [.one("mask", "M"), .one("extents", "I"), .optional("multiplier", "T")], outputs: [.one("rows", "I"), .one("starts", "I")],
            attributes: [.defaulted("bool_mask", .int(0)), .defaulted("reads_first", .int(0)), .defaulted("allows_empty", .int(0))],
            types: ["T": .tensors(.float), "M": .tensors(.float, .bool), "I": .tensors(.int64)])

        /// What is added to a score that nobody is to see: beside it no finite score can be seen.
        private static let lowest: Float = -1e30

        private let readsFirst: Bool
        private let allowsEmpty: Bool

        package init(_ node: NodeReader) throws {
            readsFirst = try node.flag("reads_first")
            allowsEmpty = try node.flag("allows_empty")
        }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            var nodes: [Node] = []
            func add(_ type: String, _ inputs: [String], _ output: String, _ attributes: OrderedDictionary<String, Attribute> = [:]) {
                nodes.append(Node(type, inputs: inputs, outputs: [output], attributes: attributes))
            }
            func constants(_ lists: [(String, [Int64])]) { for (name, list) in lists { add("Constant", [], name, ["value_ints": .ints(list)]) } }
            func float(_ name: String) { add("Cast", [name], name + "_float", ["to": .int(Int64(ElementType.float.rawValue))]) }
            constants([("four", [1, 1, 1, 1]), ("inner", [1, 2]), ("first", [0]), ("second", [1]), ("third", [2]), ("all", [-1])])
            nodes += [constant(0, "zero"), constant(1, "one"), constant(lowest, "lowest")]
            add("Expand", ["mask", "four"], "mask_whole")
            if try reader.flag("bool_mask") {
                add("Identity", ["mask_whole"], "masked")
                add("Not", ["mask_whole"], "plain")
            } else {
                add("LessOrEqual", ["mask_whole", "lowest"], "masked")
                add("Equal", ["mask_whole", "zero"], "plain")
            }
            for name in ["masked", "plain"] {
                float(name)
                add("ReduceMin", [name + "_float", "inner"], name + "_keys", ["keepdims": .int(0)])
            }
            // Each key is hidden from all or from none.
            add("Max", ["masked_keys", "plain_keys"], "clear_keys")
            add("ReduceMin", ["clear_keys"], "is_clear", ["keepdims": .int(0)])
            add("Shape", ["mask_whole"], "mask_length", ["start": .int(3)])
            add("Gather", ["extents", "second"], "length")
            add("Equal", ["mask_length", "length"], "is_long")
            float("is_long")
            add("Expand", ["masked_keys", "extents"], "hidden")
            var conditions = ["is_clear", "is_long_float"]
            func forbid(_ name: String) {
                add("ReduceMax", [name], name + "_most", ["keepdims": .int(0)])
                add("LessOrEqual", [name + "_most", "zero"], name + "_none")
                float(name + "_none")
                conditions.append(name + "_none_float")
            }
            if try !reader.flag("allows_empty") {
                add("ReduceMin", ["hidden", "second"], "hidden_throughout", ["keepdims": .int(0)])
                forbid("hidden_throughout")
            }
            if try reader.flag("reads_first") {
                add("Slice", ["hidden", "first", "second", "second"], "hidden_first")
                forbid("hidden_first")
            }
            if reader.hasInput(2) {
                add("Equal", ["multiplier", "zero"], "is_zero")
                add("Not", ["is_zero"], "is_needed")
                float("is_needed")
                add("Shape", ["multiplier"], "multiplier_shape")
                add("Size", ["multiplier_shape"], "rank")
                add("Squeeze", ["third"], "two")
                add("Squeeze", ["second"], "step")
                add("Range", ["two", "rank", "step"], "features")
                add("ReduceMax", ["is_needed_float", "features"], "needed", ["keepdims": .int(0), "noop_with_empty_axes": .int(1)])
                add("Mul", ["needed", "hidden"], "hidden_needed")
                forbid("hidden_needed")
            }
            add("Min", conditions, "is_packed")
            add("Mul", ["hidden", "is_packed"], "left_out")
            add("Sub", ["one", "left_out"], "kept")
            add("Reshape", ["kept", "all"], "kept_flat")
            add("NonZero", ["kept_flat"], "kept_indices")
            add("Squeeze", ["kept_indices", "first"], "rows")
            add("ReduceSum", ["kept", "second"], "counts", ["keepdims": .int(0)])
            add("Squeeze", ["first"], "axis")
            add("CumSum", ["counts", "axis"], "starts_float", ["exclusive": .int(1)])
            add("Cast", ["starts_float"], "starts", ["to": .int(Int64(ElementType.int64.rawValue))])
            var function = function(["mask", "extents", "multiplier"], nodes)
            function.outputs = ["rows", "starts"]
            return function
        }

        package func infer(_ types: Inference) throws {
            let extents = try types.ints(1)
            let count = try extents.map { try Shape.count($0) }
            types.set(0, .int64, [count.map(Dimension.known) ?? .unknown])
            types.set(1, .int64, [extents?.first.map(Dimension.known) ?? .unknown])
        }

        package func layout(_ types: Inference) -> Layout { Layout(bounded: [0: 0]) }

        package func run(_ context: RunContext) throws {
            let extents = try context.input(1).ints()
            guard extents.count == 2, extents.allSatisfy({ $0 >= 0 }) else { throw ONNXError(.shape, "the extents are \(extents); batch and rows expected") }
            let (batches, length) = (extents[0], extents[1])
            _ = try Shape.count(extents)
            var kept: [Int] = []
            var starts: [Int] = []
            let hidden = try HiddenKeys(try context.input(0), rows: length)
            let multiplier = try context.optionalInput(2)
            var isPacked = true
            for batch in 0..<batches where isPacked {
                starts.append(kept.count)
                guard let isHidden = hidden?.ofBatch(batch, Self.lowest) else {
                    isPacked = false
                    break
                }
                for row in 0..<length where !isHidden[row] { kept.append(batch * length + row) }
                let isEmpty = kept.count == starts[batch] && length > 0
                isPacked = !(isEmpty && !allowsEmpty) && !(readsFirst && length > 0 && isHidden[0])
                if let multiplier, isPacked { isPacked = try Self.isZero(multiplier, where: isHidden, batch) }
            }
            if !isPacked {
                kept = Array(0..<batches * length)
                starts = (0..<batches).map { $0 * length }
            }
            for (output, list) in [kept, starts].enumerated() where context.isWanted(output) {
                let target = try context.allocate(output, .int64, [list.count]).elements(Int64.self)
                for (index, value) in list.enumerated() { target[index] = Int64(value) }
            }
        }

        /// Whether a tensor `[batch, row, ...]` is 0 throughout those rows.
        private static func isZero(_ tensor: Tensor, where isChosen: [Bool], _ batch: Int) throws -> Bool {
            let elements = try tensor.elements(Float.self)
            guard tensor.rank >= 2, [1, isChosen.count].contains(tensor.shape[1]) else { return false }
            let block = Shape.product(tensor.shape[2...])
            let first = tensor.shape[0] == 1 ? 0 : batch * tensor.shape[1]
            guard tensor.shape[0] == 1 || batch < tensor.shape[0] else { return false }
            return isChosen.indices.allSatisfy { row in
                guard isChosen[row] else { return true }
                let start = (first + (tensor.shape[1] == 1 ? 0 : row)) * block
                return (start..<start + block).allSatisfy { elements[$0] == 0 }
            }
        }
    }
}

/// The keys that a mask hides from every query and head.
private struct HiddenKeys {
    private let mask: Tensor
    /// Batch, head, query and key.
    private let shape: [Int]

    /// Nil where the mask has no such form.
    init?(_ mask: Tensor, rows: Int) throws {
        shape = Array(repeating: 1, count: max(0, 4 - mask.rank)) + mask.shape
        guard shape.count == 4, shape[3] == rows else { return nil }
        self.mask = mask
    }

    /// Which keys of a batch are hidden. Nil where the mask says anything else than that they are or aren't.
    func ofBatch(_ batch: Int, _ lowest: Float) -> [Bool]? {
        guard shape[0] == 1 || batch < shape[0] else { return nil }
        let (rows, keys) = (shape[1] * shape[2], shape[3])
        let first = (shape[0] == 1 ? 0 : batch) * rows * keys
        if mask.elementType == .bool {
            guard let elements = try? mask.bits(UInt8.self) else { return nil }
            return of(elements, rows, keys, first) { $0 != 0 }
        }
        guard let elements = try? mask.elements(Float.self) else { return nil }
        return of(elements, rows, keys, first) { $0 == 0 ? false : $0 <= lowest ? true : nil }
    }

    /// Whether each key is hidden in the first row; nil where another row says otherwise.
    private func of<T: Equatable>(_ elements: Elements<T>, _ rows: Int, _ keys: Int, _ first: Int, _ isHidden: (T) -> Bool?) -> [Bool]? {
        guard rows > 0 else { return [Bool](repeating: false, count: keys) }
        var result: [Bool] = []
        for key in 0..<keys {
            guard let found = isHidden(elements[first + key]) else { return nil }
            result.append(found)
        }
        for start in stride(from: first + keys, to: first + rows * keys, by: max(keys, 1)) {
            for key in 0..<keys where elements[start + key] != elements[first + key] {
                guard isHidden(elements[start + key]) == result[key] else { return nil }
            }
        }
        return result
    }
}
