internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import Tensors

extension Program {
    /// Finds what is known of every value before any run, and refuses nodes that can't work.
    ///
    /// With `folding`, what follows from constants is computed too.
    mutating func inferTypes(folding: Folding? = nil) throws {
        let given = inputs.map { $0.info.type ?? defaults[$0.id].map { Value.tensor($0).type } }
        try inferTypes(inputs: given, captured: [], constants: [], folding: folding)
        for (id, info) in outputs {
            guard let found = types[id], let declared = info.type, !declared.admits(found) else { continue }
            throw ONNXError(.shape, "output '\(info.name)' is declared as \(declared), but the graph gives \(found)")
        }
    }

    private mutating func inferTypes(inputs given: [ValueType?], captured: [ValueType?], constants outer: [Tensor?], folding: Folding? = nil) throws {
        if inferredFor == given + captured { return }
        for id in derived { constants[id] = nil }
        derived = []
        for id in constants.indices {
            if let tensor = constants[id] { types[id] = Value.tensor(tensor).type }
        }
        for (index, input) in inputs.enumerated() {
            let type = index < given.count ? given[index] ?? input.info.type : input.info.type
            types[input.id] = namesUnknowns && isBody ? type?.namingUnknowns(names[input.id]) : type
        }
        for (index, capture) in captures.enumerated() {
            types[capture.inner] = captured[index]
            derive(capture.inner, outer[index])
        }
        for index in steps.indices {
            do { try inferStep(index, folding) } catch let error as ONNXError {
                throw error.at("inputs: " + steps[index].inputs.map { text($0) }.joined(separator: ", ")).at(steps[index].label)
            }
        }
        inferredFor = given + captured
    }

    /// Throws `.limit` for a node that makes more than the whole budget in every run, so that nothing runs before it is refused.
    func checkSizes(against budget: MemoryBudget) throws {
        for step in steps {
            for id in step.outputs.compactMap({ $0 }) where isRead[id] && constants[id] == nil {
                guard let type = types[id], let element = type.elementType, let shape = type.knownShape else { continue }
                let bytes = try? Shape.byteCount(try Shape.count(shape), element)
                guard bytes.map({ $0 > budget.limit }) ?? true else { continue }
                throw ONNXError(
                    .limit, "'\(names[id])' is \(type), which alone exceeds the memory budget of \(budget.limit) bytes",
                    place: [step.label, "inputs: " + step.inputs.map { text($0) }.joined(separator: ", ")], remedy: "raise maxMemory (--max-memory)")
            }
        }
    }

    private mutating func derive(_ id: ID, _ value: Tensor?) {
        guard let value, constants[id] == nil else { return }
        constants[id] = value
        derived.append(id)
    }

    private func text(_ id: ID?) -> String { id.map { types[$0].map { "\($0)" } ?? "?" } ?? "none" }

    private mutating func inferStep(_ index: Int, _ folding: Folding?) throws {
        let step = steps[index]
        let inputTypes = step.inputs.map { $0.flatMap { types[$0] } }
        try step.checkTypes(inputTypes)
        let bodies = step.bodies.isEmpty ? nil : BodyTypes(step, in: self, folding)
        let inference = Inference(
            inputs: inputTypes, constants: step.inputs.map { $0.flatMap { constants[$0] } }, sizes: step.inputs.map { dimensions($0) },
            outputCount: step.outputs.count, body: bodies?.infer)
        try step.operation.infer(inference)
        if let bodies { steps[index].bodies = bodies.programs }
        for (output, id) in step.outputs.enumerated() {
            guard let id else { continue }
            types[id] = namesUnknowns ? inference.outputs[output]?.namingUnknowns(names[id]) : inference.outputs[output]
            // The types within a body are those of one call; what follows from them need not hold for the next.
            if !isBody || step.inputs.isEmpty { derive(id, inference.values[output]) }
        }
        followElements(step)
        if let folding { fold(step, inference, folding) }
    }

    private mutating func fold(_ step: Step, _ inference: Inference, _ folding: Folding) {
        if !isBody {
            for id in step.outputs.compactMap({ $0 }) where constants[id] == nil { derive(id, sizes(id)) }
        }
        let wanted = step.outputs.map { id in id.map { isRead[$0] && constants[$0] == nil } ?? false }
        guard wanted.contains(true), !step.outputs.contains(where: { $0.map { folding.leaves(names[$0]) } ?? false }) else { return }
        let values = folding.fold(step, inputs: step.inputs.map { $0.flatMap { constants[$0] } }, inference: inference, wanted: wanted)
        for (output, id) in step.outputs.enumerated() {
            if let id, wanted[output], let value = values?[output] { derive(id, value) }
        }
    }

    /// The tensor that elements which are all known make.
    private func sizes(_ id: ID) -> Tensor? {
        guard let elements = elements[id], let shape = types[id]?.knownShape, types[id]?.elementType == .int64 else { return nil }
        let known = elements.compactMap { if case .known(let size) = $0 { Int64(size) } else { nil } }
        return known.count == elements.count ? try? Tensor(known, shape: shape) : nil
    }

    /// The bodies of a step while their types are found.
    private final class BodyTypes {
        private(set) var programs: [String: Program]
        private let types: [ID: ValueType]
        private let constants: [ID: Tensor]
        private let folding: Folding?

        init(_ step: Step, in program: Program, _ folding: Folding?) {
            self.folding = folding
            programs = step.bodies
            types = step.captured.reduce(into: [:]) { $0[$1] = program.types[$1] }
            constants = step.captured.reduce(into: [:]) { $0[$1] = program.constants[$1] }
        }

        func infer(_ name: String, _ inputs: [ValueType?]) throws -> [ValueType?] {
            guard var body = programs.removeValue(forKey: name) else { throw ONNXError(.malformed, "there is no subgraph '\(name)'") }
            defer { programs[name] = body }
            guard inputs.count == body.inputs.count else {
                throw ONNXError(.malformed, "subgraph '\(name)' has \(body.inputs.count) inputs, \(inputs.count) expected")
            }
            do {
                try body.inferTypes(
                    inputs: inputs, captured: body.captures.map { types[$0.outer] }, constants: body.captures.map { constants[$0.outer] }, folding: folding)
            } catch let error as ONNXError { throw error.at(name) }
            let found = body.outputs.map { body.types[$0.id] }
            guard body.namesUnknowns else { return found }
            // A name that the body gives means something else in the next call, and in other bodies.
            let known = (inputs + body.captures.map { types[$0.outer] }).reduce(into: Set<Dimension>()) { $0.formUnion($1?.shape ?? []) }
            return found.map { $0?.forgettingNames(except: known) }
        }
    }
}

extension Program.Step {
    /// Throws `.shape` unless the schema allows the types, and inputs of one type variable have one type.
    func checkTypes(_ found: [ValueType?]) throws {
        let schema = Swift.type(of: operation).schema
        let formals = schema.inputs(at: opset)
        var bound: [String: (type: ValueType, input: Int)] = [:]
        for (index, type) in found.enumerated() {
            guard let type, let formal = index < formals.count ? formals[index] : formals.last, let allowed = schema.types[formal.type] else { continue }
            guard allowed.allows(type) else {
                let names = allowed.tensors.members.map(\.name).joined(separator: ", ")
                throw ONNXError(.shape, "input \(index) '\(formal.name)' is \(type), which \(opType) doesn't take; tensors of \(names) expected")
            }
            if case .variadic(_, isHomogeneous: false) = formal.kind { continue }
            guard let element = type.elementType else { continue }
            if let (other, input) = bound[formal.type], let expected = other.elementType, expected != element {
                throw ONNXError(.shape, "input \(index) '\(formal.name)' is \(type), but input \(input) is \(other); one element type expected for both")
            }
            bound[formal.type] = (type, index)
        }
    }
}

extension ValueType {
    /// The type with a name of its own for each dimension that nothing is known of, so that it can be known again.
    fileprivate func namingUnknowns(_ value: String) -> ValueType {
        guard case .tensor(let element, let shape?) = self, shape.contains(.unknown) else { return self }
        return .tensor(element, shape.enumerated().map { $1 == .unknown ? .named("axis \($0) of \(value)") : $1 })
    }

    /// The type without the names of dimensions that aren't among those known.
    fileprivate func forgettingNames(except known: Set<Dimension>) -> ValueType {
        guard case .tensor(let element, let shape?) = self else { return self }
        return .tensor(element, shape.map { $0.size != nil || known.contains($0) ? $0 : .unknown })
    }

    /// Whether a value found to be `found` may be what is declared as this type. What either leaves open fits.
    func admits(_ found: ValueType) -> Bool {
        switch (self, found) {
        case (.tensor(let type, let shape), .tensor(let other, let found)), (.sparseTensor(let type, let shape), .tensor(let other, let found)):
            if let type, let other, type != other { return false }
            guard let shape, let found else { return true }
            return shape.count == found.count && zip(shape, found).allSatisfy { $0.size == nil || $1.size == nil || $0.size == $1.size }
        case (.sequence(let element), .sequence(let found)), (.optional(let element), .optional(let found)): return element.admits(found)
        case (.map(let key, let value), .map(let other, let found)): return key == other && value.admits(found)
        default: return false
        }
    }
}
