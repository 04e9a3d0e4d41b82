internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// One element of an integer tensor that holds sizes: what an exporter's Shape → Gather → Concat chain says, without running it.
package enum ShapeElement: Sendable, Hashable {
    case known(Int)
    /// The extent of an axis of a value.
    case extent(Program.ID, axis: Int)
    case unknown
}

extension Program {
    /// The elements of a value as dimensions.
    func dimensions(_ id: ID?) -> [Dimension]? {
        guard let id, let elements = elements[id] else { return nil }
        return elements.map { element in
            switch element {
            case .known(let size): .known(size)
            case .extent(let value, let axis): types[value]?.shape.flatMap { axis < $0.count ? $0[axis] : nil } ?? .unknown
            case .unknown: .unknown
            }
        }
    }

    /// Follows the elements of small integer values of rank 0 or 1 through `step`.
    mutating func followElements(_ step: Step) {
        guard let output = step.outputs.first ?? nil, constants[output] == nil, step.domain.isEmpty, let found = followed(step) else { return }
        elements[output] = found.map { element in
            guard case .extent(let value, let axis) = element, let size = types[value]?.shape.flatMap({ axis < $0.count ? $0[axis].size : nil }) else {
                return element
            }
            return .known(size)
        }
    }

    /// The elements of a constant, or those found before.
    private func source(_ step: Step, _ input: Int) -> [ShapeElement]? {
        guard input < step.inputs.count, let id = step.inputs[input] else { return nil }
        if let elements = elements[id] { return elements }
        guard let tensor = constants[id], tensor.rank <= 1, tensor.count <= 64, tensor.elementType.isInteger else { return nil }
        return (try? tensor.ints())?.map(ShapeElement.known)
    }

    private func integers(_ step: Step, _ input: Int) -> [Int]? {
        source(step, input)?.reduce(into: [Int]?.some([])) { list, element in
            if case .known(let value) = element { list?.append(value) } else { list = nil }
        }
    }

    private func followed(_ step: Step) -> [ShapeElement]? {
        switch step.opType {
        case "Shape":
            guard let id = step.inputs.first ?? nil, let rank = types[id]?.shape?.count else { return nil }
            func clamped(_ bound: Int) -> Int { min(max(bound < 0 ? bound + rank : bound, 0), rank) }
            let (start, end) = (clamped(step.int("start") ?? 0), clamped(step.int("end") ?? rank))
            return (start..<max(start, end)).map { .extent(id, axis: $0) }
        case "Gather":
            guard let data = source(step, 0), let indices = integers(step, 1), (types[step.inputs[0] ?? 0]?.shape?.count ?? 0) == 1 else { return nil }
            let places = indices.map { $0 < 0 ? $0 + data.count : $0 }
            return places.allSatisfy(data.indices.contains) ? places.map { data[$0] } : nil
        case "Slice":
            guard let data = source(step, 0), let start = integers(step, 1)?.first, let end = integers(step, 2)?.first,
                step.inputs.count < 5 || integers(step, 4) == [1]
            else { return nil }
            func clamped(_ bound: Int) -> Int { min(max(bound < 0 ? bound.addingReportingOverflow(data.count).partialValue : bound, 0), data.count) }
            return Array(data[clamped(start)..<max(clamped(start), clamped(end))])
        case "Concat":
            let parts = step.inputs.indices.map { source(step, $0) }
            return parts.contains { $0 == nil } ? nil : parts.flatMap { $0 ?? [] }
        case "Unsqueeze", "Squeeze", "Identity", "Cast":
            guard let output = step.outputs.first ?? nil, let type = types[output], type.elementType?.isInteger == true, (type.shape?.count ?? 2) <= 1 else {
                return nil
            }
            return source(step, 0)
        default: return nil
        }
    }
}

extension Program.Step {
    /// An integer attribute that the node itself gives.
    func int(_ name: String) -> Int? {
        if case .int(let value)? = attributes[name] { Int(value) } else { nil }
    }
}
