internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Takes rows before they are computed rather than after: a Gather or Slice of an axis that operators keep independent moves up through them.
enum PushSlicesUp: Pass {
    static let name = "push slices up"

    /// What is taken of one axis, which stays.
    private struct Pick: Hashable {
        let axis: Int
        /// The constants that say which indices: one of Gather, or starts and ends of Slice.
        let bounds: [String]
        /// Whether an axis of extent 1, which broadcasts, gives its only index.
        let isOfAnyExtent: Bool
        var isSlice: Bool { bounds.count == 2 }

        func moved(to axis: Int) -> Pick { Pick(axis: axis, bounds: bounds, isOfAnyExtent: isOfAnyExtent) }
    }

    static func run(_ editor: GraphEditor) {
        var search = Search(editor: editor)
        search.findPicks()
        if !search.converted.isEmpty { search.rewrite() }
    }

    private struct Search {
        let editor: GraphEditor
        /// The nodes that take indices, and what they take.
        private var takers: [Int: Pick] = [:]
        /// What readers that will be given less want of a value, one entry a use.
        private var wishes: [String: [Pick]] = [:]
        /// Nodes that will compute less.
        private(set) var converted: [Int: Pick] = [:]

        init(editor: GraphEditor) { self.editor = editor }

        mutating func findPicks() {
            for index in editor.nodes.indices.reversed() {
                guard let node = editor.nodes[index] else { continue }
                if let pick = pick(index, node) {
                    takers[index] = pick
                    wishes[node.inputs[0], default: []].append(pick)
                } else {
                    convert(index, node)
                }
            }
        }

        /// Lets a node compute less where every reader of its output wants the same part of it.
        private mutating func convert(_ index: Int, _ node: Node) {
            guard let output = node.outputs.first, let wanted = wishes[output], let pick = wanted.first else { return }
            guard editor.isFloat(output), node.outputs.dropFirst().allSatisfy({ editor.useCount($0) == 0 && !editor.isOutput($0) }) else { return }
            guard !editor.isOutput(output), wanted.count == editor.useCount(output), wanted.allSatisfy({ $0 == pick }) else {
                return editor.refuse(node, "'\(output)' is also read as a whole or in other parts")
            }
            guard let sources = sources(index, node, pick) else {
                return editor.refuse(node, "\(node.opType) doesn't keep the indices of axis \(pick.axis) apart")
            }
            converted[index] = pick
            for (input, source) in zip(node.inputs, sources) {
                if case .axis(let axis) = source { wishes[input, default: []].append(pick.moved(to: axis)) }
            }
        }

        /// The sources of the picked axis in each input; nil where one is mixed, or may have another extent than the output and other indices are taken.
        private func sources(_ index: Int, _ node: Node, _ pick: Pick) -> [AxisSource]? {
            let sources = editor.sources(of: pick.axis, node)
            let extent = editor.shape(node.outputs[0])?[pick.axis]
            let isClear = zip(node.inputs, sources).allSatisfy { input, source in
                switch source {
                case .axis(let axis): pick.isOfAnyExtent || extent != .unknown && extent == editor.shape(input)?[axis]
                case .whole: true
                case .mixed: false
                }
            }
            return isClear && sources.contains { if case .axis = $0 { true } else { false } } ? sources : nil
        }

        /// What a Gather of one constant index, or a Slice of one axis between constant bounds, takes.
        private func pick(_ index: Int, _ node: Node) -> Pick? {
            guard node.domain.isEmpty, editor.isFloat(node.inputs.first ?? ""), let rank = editor.shape(node.inputs[0])?.count else { return nil }
            switch node.opType {
            case "Gather":
                var axis = 0
                if case .int(let given)? = node.attributes["axis"] { axis = Int(clamping: given) }
                guard let axis = Shape.axis(axis, rank: rank), let indices = editor.integers(node.inputs[1]), indices.count == 1,
                    editor.constant(node.inputs[1]).map({ $0.rank <= 1 }) ?? false
                else { return nil }
                return Pick(axis: axis, bounds: [editor.constantName([Int64(indices[0])], like: "picked_index")], isOfAnyExtent: [0, -1].contains(indices[0]))
            case "Slice":
                guard (node.version ?? editor.opset) >= 10, (4...5).contains(node.inputs.count),
                    node.inputs.count < 5 || editor.integers(node.inputs[4]) == [1],
                    let axes = editor.integers(node.inputs[3]), axes.count == 1, let axis = Shape.axis(axes[0], rank: rank),
                    let starts = editor.integers(node.inputs[1]), let ends = editor.integers(node.inputs[2]), starts.count == 1, ends.count == 1,
                    starts[0] != 0 || ends[0] < Int(Int32.max)
                else { return nil }
                return Pick(
                    axis: axis,
                    bounds: [editor.constantName([Int64(starts[0])], like: "picked_start"), editor.constantName([Int64(ends[0])], like: "picked_end")],
                    isOfAnyExtent: false)
            default: return nil
            }
        }

        /// Gives the converted nodes the parts that they need, and lets what took a part take all of what is left.
        func rewrite() {
            var parts: [String: [Pick: String]] = [:]
            for index in editor.nodes.indices {
                guard var node = editor.nodes[index] else { continue }
                if let pick = converted[index], let sources = sources(index, node, pick) {
                    for (place, source) in sources.enumerated() {
                        guard case .axis(let axis) = source, !isConverted(node.inputs[place]) else { continue }
                        let (name, own) = (node.inputs[place], pick.moved(to: axis))
                        let part = parts[name]?[own] ?? editor.newName("\(name)_part")
                        if parts[name]?[own] == nil { editor.insert(self.node(own, name, part), before: index) }
                        parts[name, default: [:]][own] = part
                        node.inputs[place] = part
                    }
                    editor.replace(index, with: node, as: "computes a part")
                } else if let pick = takers[index], isConverted(node.inputs[0]) {
                    if pick.isSlice {
                        node = Node("Identity", name: node.name, inputs: [node.inputs[0]], outputs: node.outputs)
                    } else {
                        let isVector = editor.constant(node.inputs[1])?.rank == 1
                        node.inputs[1] = editor.constantName([0], like: "picked_first", isScalar: !isVector)
                    }
                    editor.replaceQuietly(index, with: node)
                }
            }
        }

        private func isConverted(_ name: String) -> Bool { editor.producer(name).map { converted[$0.index] != nil } ?? false }

        private func node(_ pick: Pick, _ input: String, _ output: String) -> Node {
            guard pick.isSlice else {
                return Node("Gather", inputs: [input, pick.bounds[0]], outputs: [output], attributes: ["axis": .int(Int64(pick.axis))])
            }
            return Node("Slice", inputs: [input] + pick.bounds + [editor.constantName([Int64(pick.axis)], like: "picked_axis")], outputs: [output])
        }
    }
}
