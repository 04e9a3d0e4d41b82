internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Leaves out the rows of a batch that attention masks hide: between the embeddings and what reads rows, only the others are computed, behind one another.
///
/// A row can be left out that no query sees as a key and that no output shows. Which rows these are is read from the masks in each run; what this pass proves
/// is that rows reach each other through attention alone, and outputs only in ways that hidden rows don't matter to.
enum SkipPadding: Pass {
    static let name = "skip padding"

    static func run(_ editor: GraphEditor) {
        let attentions = editor.nodes.indices.filter { index in
            editor.nodes[index].map { $0.domain == Fused.domain && $0.opType == "Attention" && $0.inputs.count > 3 } ?? false
        }
        guard let first = attentions.first, let node = editor.nodes[first] else { return }
        do {
            var region = try PackedRegion(editor, attentions: attentions)
            try region.grow()
            PackedRewrite(region: region, editor: editor).run()
        } catch let refusal as Refusal { editor.refuse(refusal.node ?? node, refusal.reason) } catch {}
    }

    struct Refusal: Error {
        var node: Node?
        let reason: String
    }
}

/// The values of a graph that have a row for each token, between what packs rows and what reads them.
struct PackedRegion {
    /// How rows that were packed are read by a node outside.
    enum Exit {
        /// As values in their places, of which those left out are 0.
        case places
        /// The first of each sequence; `isVector` where the axis stays.
        case first(isVector: Bool)
        /// Its shape alone, which is also that of this value.
        case shape(of: String)
    }

    let editor: GraphEditor
    let attentions: [Int]
    /// The mask that all attentions have, or a part of it.
    let mask: String
    /// Values whose rows are packed where they are made, and those that are packed from their places.
    private(set) var inner: Set<String> = []
    private(set) var entries: OrderedSet<String> = []
    /// Nodes that compute packed rows.
    private(set) var members: Set<Int> = []
    /// Values that are read in other ways, by reader; -1 stands for the outputs of the graph.
    private(set) var exits: [(value: String, reader: Int, exit: Exit)] = []
    /// What rows are multiplied by that matter only where it isn't 0.
    private(set) var multiplier: String?

    init(_ editor: GraphEditor, attentions: [Int]) throws {
        self.editor = editor
        self.attentions = attentions
        let roots = attentions.compactMap { editor.nodes[$0].map { Self.root($0.inputs[3], editor) } }
        guard let mask = roots.first, roots.allSatisfy({ $0 == mask }) else {
            throw SkipPadding.Refusal(reason: "not all attentions have the same mask")
        }
        for index in attentions {
            guard let node = editor.nodes[index] else { continue }
            for flag in ["q_rows_first", "k_rows_first", "v_rows_first", "y_rows_first"] {
                guard case .int(1)? = node.attributes[flag] else { throw SkipPadding.Refusal(node: node, reason: "heads come before rows") }
            }
            if editor.type(mask)?.elementType == .bool, case .float(let fill)? = node.attributes["fill"], fill > -1e30 {
                throw SkipPadding.Refusal(node: node, reason: "what replaces masked scores is not low enough")
            }
        }
        self.mask = mask
    }

    /// The mask that a part of one is taken of for some queries.
    private static func root(_ name: String, _ editor: GraphEditor) -> String {
        guard let node = editor.producer(name)?.node, node.domain.isEmpty, node.opType == "Gather", case .int(let axis)? = node.attributes["axis"],
            let rank = editor.shape(node.inputs[0])?.count, Int(axis) == rank - 2, editor.constant(node.inputs[1])?.rank == 1
        else { return name }
        return node.inputs[0]
    }

    // MARK: growing

    mutating func grow() throws {
        for index in attentions {
            guard let node = editor.nodes[index] else { continue }
            for input in node.inputs[1...2] { growBack(input) }
        }
        for index in attentions {
            if let node = editor.nodes[index] { growBackQueries(node.inputs[0]) }
        }
        for index in editor.nodes.indices { try growForward(index) }
        for node in attentions.compactMap({ editor.nodes[$0] }) where !node.inputs[1...2].allSatisfy(isPacked) {
            throw SkipPadding.Refusal(node: node, reason: "keys and values don't come from rows of one batch")
        }
        try checkUses()
        try checkSources()
    }

    /// What says which rows are kept must be known before any is computed.
    private func checkSources() throws {
        var open = [mask] + entries + (multiplier.map { [$0] } ?? [])
        var visited = Set(open)
        let rerouted = Set(exits.compactMap { exit -> Int? in if case .shape = exit.exit { exit.reader } else { nil } })
        while let name = open.popLast() {
            guard let (index, node) = editor.producer(name), !rerouted.contains(index) else { continue }
            guard !members.contains(index) else { throw SkipPadding.Refusal(node: node, reason: "rows meet after it, and are made into rows again") }
            open += (node.inputs + GraphEditor.captures(node)).filter { visited.insert($0).inserted }
        }
    }

    func isPacked(_ name: String) -> Bool { inner.contains(name) || entries.contains(name) }

    /// From keys and values back, as long as each row is made of the same row of other values.
    private mutating func growBack(_ start: String) {
        var open = [start]
        while let name = open.popLast() {
            guard !isPacked(name) else { continue }
            guard let (index, node) = editor.producer(name), !attentions.contains(index), let rows = rowOperands(node) else {
                // The result of an attention is packed when its turn comes.
                if let (index, _) = editor.producer(name), attentions.contains(index) { continue }
                entries.append(name)
                continue
            }
            inner.insert(name)
            members.insert(index)
            open += rows
        }
    }

    /// Queries that are made of rows which keys and values are made of too.
    private mutating func growBackQueries(_ start: String) {
        var (open, names, nodes) = ([start], Set<String>(), Set<Int>())
        while let name = open.popLast() {
            guard !isPacked(name), !names.contains(name) else { continue }
            guard let (index, node) = editor.producer(name), !attentions.contains(index), let rows = rowOperands(node) else { return }
            names.insert(name)
            nodes.insert(index)
            open += rows
        }
        inner.formUnion(names)
        members.formUnion(nodes)
    }

    /// The inputs whose rows the node's rows are made of, one by one. Nil where rows meet.
    private func rowOperands(_ node: Node) -> [String]? {
        guard node.opType == "Split" || node.outputs.dropFirst().allSatisfy({ editor.useCount($0) == 0 && !editor.isOutput($0) }),
            node.outputs.allSatisfy({ $0.isEmpty || editor.isFloat($0) }), editor.shape(node.outputs[0])?.count ?? 0 >= 2
        else { return nil }
        var rows: [String] = []
        for (input, (batch, row)) in zip(node.inputs, zip(editor.sources(of: 0, node), editor.sources(of: 1, node))) {
            switch (batch, row) {
            case (.whole, .whole): continue
            case (.axis(0), .axis(1)), (.whole, .axis(1)): rows.append(input)
            default: return nil
            }
        }
        return rows.isEmpty || !rows.allSatisfy(editor.isFloat) ? nil : rows
    }

    private mutating func growForward(_ index: Int) throws {
        guard let node = editor.nodes[index], !members.contains(index) else { return }
        if attentions.contains(index) {
            guard isPacked(node.inputs[0]) else { return }
            members.insert(index)
            inner.formUnion(node.outputs.filter { !$0.isEmpty })
            return
        }
        guard node.inputs.contains(where: inner.contains) else { return }
        guard let rows = rowOperands(node), !isMultiplication(node, rows) else { return }
        members.insert(index)
        inner.formUnion(node.outputs.filter { !$0.isEmpty })
        for name in rows where !isPacked(name) { entries.append(name) }
    }

    /// Whether packed rows are multiplied by a value that comes from elsewhere, as where hidden rows are to be 0.
    private func isMultiplication(_ node: Node, _ rows: [String]) -> Bool {
        node.opType == "Mul" && node.domain.isEmpty && rows.count == 2 && rows.contains { !inner.contains($0) && editor.constant($0) == nil }
    }

    // MARK: what reads rows from outside

    private mutating func checkUses() throws {
        for name in inner.sorted() {
            let readers = editor.readers(name)
            let reads = readers.reduce(0) { count, reader in count + reader.node.inputs.count { $0 == name } }
            guard reads == editor.useCount(name) else { throw SkipPadding.Refusal(reason: "a subgraph reads '\(name)'") }
            for (index, node) in readers where !members.contains(index) && !attentions.contains(index) {
                exits.append((name, index, try exit(name, node)))
            }
            guard editor.isOutput(name) else { continue }
            guard editor.padding == .skip else {
                throw SkipPadding.Refusal(
                    node: editor.producer(name)?.node, reason: "output '\(name)' has a row for each token, hidden ones too; --padding skip leaves them 0")
            }
            exits.append((name, -1, .places))
        }
    }

    private mutating func exit(_ name: String, _ node: Node) throws -> Exit {
        if node.domain.isEmpty, node.opType == "Gather", node.inputs[0] == name, case .int(let axis)? = node.attributes["axis"],
            let rank = editor.shape(name)?.count, Shape.axis(Int(clamping: axis), rank: rank) == 1, editor.integers(node.inputs[1]) == [0],
            let indices = editor.constant(node.inputs[1])
        {
            return .first(isVector: indices.rank == 1)
        }
        if node.domain.isEmpty, node.opType == "Shape", let shape = editor.shape(name), let same = entries.first(where: { editor.shape($0) == shape }) {
            return .shape(of: same)
        }
        if let rows = rowOperands(node), isMultiplication(node, rows), let factor = rows.first(where: { $0 != name }),
            editor.shape(factor)?.count == editor.shape(name)?.count
        {
            guard multiplier == nil || multiplier == factor else { throw SkipPadding.Refusal(node: node, reason: "rows are multiplied by more than one mask") }
            multiplier = factor
            return .places
        }
        throw SkipPadding.Refusal(node: node, reason: "it reads hidden rows of '\(name)' as well")
    }
}

/// Puts packed rows in the place of a region's values.
struct PackedRewrite {
    let region: PackedRegion
    let editor: GraphEditor
    private let rows: String
    private let starts: String
    private let extents: String

    init(region: PackedRegion, editor: GraphEditor) {
        self.region = region
        self.editor = editor
        (rows, starts, extents) = (editor.newName("kept_rows"), editor.newName("row_starts"), editor.newName("row_extents"))
    }

    private func packed(_ name: String) -> String { "\(name) packed" }

    private func fused(_ type: String, _ inputs: [String], _ outputs: [String], _ attributes: OrderedDictionary<String, Attribute> = [:]) -> Node {
        Node(type, domain: Fused.domain, inputs: inputs, outputs: outputs, attributes: attributes)
    }

    func run() {
        guard let first = region.members.min() else { return }
        var attributes: OrderedDictionary<String, Attribute> = [:]
        if editor.type(region.mask)?.elementType == .bool { attributes["bool_mask"] = .int(1) }
        let readsFirst = region.exits.contains { if case .first = $0.exit { true } else { false } }
        let isCross = region.attentions.contains { !region.members.contains($0) }
        if readsFirst { attributes["reads_first"] = .int(1) }
        if editor.padding == .skip && !isCross { attributes["allows_empty"] = .int(1) }
        editor.insert(fused("RowExtents", [region.mask] + region.entries, [extents]), before: first)
        editor.insert(fused("KeptRows", [region.mask, extents] + (region.multiplier.map { [$0] } ?? []), [rows, starts], attributes), before: first)
        for name in region.entries { editor.insert(fused("PackRows", [name, rows, extents], [packed(name)]), before: first) }
        for index in region.members.union(region.attentions).sorted() { convert(index) }
        for (name, reader, exit) in region.exits { leave(name, reader, exit) }
        editor.sortNodes()
    }

    private func convert(_ index: Int) {
        guard var node = editor.nodes[index] else { return }
        let isMember = region.members.contains(index)
        node.inputs = node.inputs.map { region.isPacked($0) ? packed($0) : $0 }
        if region.attentions.contains(index) {
            var attributes = node.attributes.filter { !$0.key.hasSuffix("_rows_first") }
            if !isMember { attributes["packed_queries"] = .int(0) }
            node = Node(
                "PackedAttention", domain: Fused.domain, name: node.name, inputs: node.inputs + [rows, starts, extents], outputs: node.outputs,
                attributes: attributes)
        }
        if isMember { node.outputs = node.outputs.map { $0.isEmpty ? $0 : packed($0) } }
        if region.attentions.contains(index) { editor.replace(index, with: node, as: "packed") } else { editor.replaceQuietly(index, with: node) }
    }

    private func leave(_ name: String, _ reader: Int, _ exit: PackedRegion.Exit) {
        switch exit {
        case .places:
            let node = fused("UnpackRows", [packed(name), rows, extents], [name])
            if !editor.isInserted(name) { editor.insert(node, before: max(reader, 0)) }
        case .shape(let same):
            guard var node = editor.nodes[reader] else { return }
            node.inputs = [same]
            editor.replaceQuietly(reader, with: node)
        case .first(let isVector):
            guard var node = editor.nodes[reader], let rank = editor.shape(name)?.count else { return }
            let together = editor.newName("\(node.outputs[0]) together")
            editor.insert(Node("Gather", inputs: [packed(name), starts], outputs: [together], attributes: ["axis": .int(1)]), before: reader)
            if isVector {
                node = Node(
                    "Transpose", name: node.name, inputs: [together], outputs: node.outputs,
                    attributes: ["perm": .ints([1, 0] + (2..<max(rank, 2)).map { Int64($0) })])
            } else {
                node = Node(
                    "Gather", name: node.name, inputs: [together, editor.constantName([0], like: "only", isScalar: true)], outputs: node.outputs,
                    attributes: ["axis": .int(0)])
            }
            editor.replaceQuietly(reader, with: node)
        }
    }
}
