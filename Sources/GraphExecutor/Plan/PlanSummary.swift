internal import OpLibrary
package import Tensors

/// A plan as `inspect --plan` shows it.
package struct PlanSummary: Sendable {
    /// One step that runs.
    package struct Step: Sendable {
        package struct Output: Sendable {
            package let name: String
            package let type: ValueType?
            /// The place in the arena; nil for a value of its own.
            package let offset: Int?
        }
        package let node: String
        package let outputs: [Output]
    }

    package var steps: [Step] = []
    package var arenaByteCount = 0
    /// The step at which most of the arena is in use, and how many bytes.
    package var peak: (node: String, byteCount: Int)?
    /// Nodes whose results are known when the plan is made, or that only give another view.
    package var computedNodeCount = 0
    /// The node at which the plan ends because its result's shape depends on data.
    package var openNode: String?

    init(_ program: Program, _ plan: Plan?) {
        guard let plan else { return }
        steps = plan.steps.map { step in
            let outputs = zip(program.steps[step.index].outputs, step.outputTypes).compactMap { id, type -> Step.Output? in
                guard let id, program.isRead[id] else { return nil }
                guard case .arena(let offset, _, _)? = plan.places[id] else { return Step.Output(name: program.names[id], type: type, offset: nil) }
                return Step.Output(name: program.names[id], type: type, offset: offset)
            }
            return Step(node: program.steps[step.index].label, outputs: outputs)
        }
        arenaByteCount = plan.arenaByteCount
        if plan.peak.byteCount > 0 { peak = (program.steps[plan.peak.step].label, plan.peak.byteCount) }
        computedNodeCount = plan.end - plan.steps.count - (plan.open == nil ? 0 : 1)
        openNode = plan.open.map { program.steps[$0].label }
    }
}
