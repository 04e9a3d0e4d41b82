internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections

/// A change to a graph that keeps what it computes.
protocol Pass: Sendable {
    /// As `inspect --passes` names it.
    static var name: String { get }
    static func run(_ editor: GraphEditor) throws
}

/// The passes of an optimised session.
enum Passes {
    /// The passes for a model of `opset`, in their order. What fusions look for broadcasts by NumPy's rule, which opset 7 began.
    /// Movements, and what comes down to bytes, follow values through the whole of a graph, and leave bodies alone.
    private static func list(opset: Int, inBodies: Bool = false) -> [any Pass.Type] {
        let bytes: [any Pass.Type] = [MoveQuantized.self, FuseDequantizedProduct.self]
        let fusions: [any Pass.Type] =
            [FuseLayerNormalization.self, FuseActivation.self, FuseAttention.self, AdoptAttention.self] + (inBodies ? [] : bytes)
            + [FuseLinear.self, FuseQuantizedLinear.self]
        let movements: [any Pass.Type] = [CopyReshapedAxes.self, DropUnread.self, PushSlicesUp.self, SkipPadding.self]
        let broadcasting = fusions + (inBodies ? [] : movements) + [FuseElementwise.self]
        return [DropIdentities.self, ShareEqualNodes.self] + (opset < 7 ? [] : broadcasting) + (inBodies ? [DropUnread.self] : [])
    }

    /// The model after constants are folded and every pass has run, and what each did.
    static func run(_ model: Model, _ options: SessionOptions) throws -> (model: Model, reports: [PassReport]) {
        let limits = options.limits
        var model = model
        model.opsetImports[Fused.domain] = 1
        var reports = [try FoldConstants.run(&model, limits: limits)]
        let opset = model.opsetImports[""] ?? model.opsetImports["ai.onnx"] ?? 1
        var current: Program?
        func apply(_ pass: any Pass.Type) throws {
            let program = try current ?? typed(model, limits)
            let editor = GraphEditor(model, program, pass: pass.name, opset: opset, padding: options.padding)
            try pass.run(editor)
            model.graph = editor.result
            reports.append(editor.report)
            current = editor.isChanged ? nil : program
        }
        for pass in list(opset: opset) {
            try apply(pass)
            // What an identity stood between is known only now.
            if pass == DropIdentities.self, reports.last?.patches.isEmpty == false { reports.append(try FoldConstants.run(&model, limits: limits)) }
            // Bytes that no product has taken serve best as floats.
            if pass == FuseDequantizedProduct.self, FuseDequantizedProduct.leaves(model.graph) {
                reports.append(try FoldConstants.run(&model, limits: limits, foldsBytes: true))
                current = nil
            }
        }
        if model.graph.nodes.contains(where: { !$0.subgraphs.isEmpty }) {
            var bodies = BodyPasses(model, opset: opset, passes: list(opset: opset, inBodies: true))
            model.graph = try bodies.run(model.graph, try current ?? typed(model, limits))
            current = nil
            reports.add(bodies.reports)
        }
        // Bodies may read less than they did.
        try apply(DropUnread.self)
        if options.precision != .fp32 {
            let editor = GraphEditor(model, try current ?? typed(model, limits), pass: ChoosePrecision.name, opset: opset)
            try ChoosePrecision(precision: options.precision, kept: options.keepFP32).run(editor)
            model.graph = editor.result
            reports.append(editor.report)
        }
        return (model, reports)
    }

    private static func typed(_ model: Model, _ limits: Limits) throws -> Program {
        var program = try ProgramBuilder.build(model, limits: limits)
        program.nameUnknowns()
        try program.inferTypes()
        return program
    }
}

extension [PassReport] {
    /// Adds what was done in bodies to the last report of the same pass.
    fileprivate mutating func add(_ reports: [PassReport]) {
        for report in reports {
            guard let index = lastIndex(where: { $0.pass == report.pass }) else {
                append(report)
                continue
            }
            self[index].patches += report.patches
            self[index].refusals += report.refusals
        }
    }
}
