internal import Bytes
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// Compares what a run is given with what the program declares.
struct InputCheck {
    private let program: Program
    /// The extent that each named dimension was first found to have, and where.
    private var extents: [String: (size: Int, input: String)] = [:]

    /// The value of each input, in the program's order; nil where a default takes its place.
    ///
    /// Throws `.usage` for inputs that are missing or unknown, `.shape` for those of another type, rank or dimension.
    static func bind(_ given: [String: Value], to program: Program) throws(ONNXError) -> [Value?] {
        var check = InputCheck(program: program)
        let names = Set(program.inputs.map(\.info.name))
        if let unknown = given.keys.filter({ !names.contains($0) }).min() {
            throw ONNXError(.usage, "the model has no input '\(unknown)'; it has " + check.list)
        }
        var values: [Value?] = []
        for (id, info) in program.inputs {
            if let value = given[info.name] {
                values.append(try check.fit(value, info))
            } else if program.defaults[id] != nil {
                values.append(nil)
            } else {
                throw ONNXError(.usage, "input '\(info.name)' is missing; \(info.type.map { "\($0)" } ?? "a value") expected")
            }
        }
        return values
    }

    private init(program: Program) { self.program = program }

    private var list: String {
        program.inputs.isEmpty ? "none" : program.inputs.map { "'\($0.info.name)' \($0.info.type.map { "\($0)" } ?? "")" }.joined(separator: ", ")
    }

    private mutating func fit(_ value: Value, _ info: ValueInfo) throws(ONNXError) -> Value {
        guard let declared = info.type else { return value }
        var value = value
        if case .optional(let element) = declared, element.admits(value.type) { value = .optional(value, of: element) }
        func misfit(_ what: String) -> ONNXError { ONNXError(.shape, "input '\(info.name)' is \(value.summary)\(what), \(declared) expected") }
        guard case .tensor(let tensor) = value else {
            guard declared.admits(value.type) else { throw misfit("") }
            return value
        }
        switch declared {
        case .tensor(let type, let shape), .sparseTensor(let type, let shape):
            if let type, type != tensor.elementType { throw misfit("") }
            guard let shape else { return value }
            guard shape.count == tensor.rank else { throw misfit(" of rank \(tensor.rank)") }
            for (axis, dimension) in shape.enumerated() { try check(dimension, tensor.shape[axis], axis, info, misfit) }
        default: throw misfit("")
        }
        return value
    }

    private mutating func check(
        _ dimension: Dimension, _ size: Int, _ axis: Int, _ info: ValueInfo, _ misfit: (String) -> ONNXError
    ) throws(ONNXError) {
        switch dimension {
        case .known(let expected) where expected != size: throw misfit(" with \(size) at axis \(axis)")
        case .named(let name):
            if let (expected, other) = extents[name], expected != size {
                throw ONNXError(
                    .shape, "input '\(info.name)' has \(size) at axis \(axis) ('\(name)'), but input '\(other)' has \(expected) there; equal extents expected")
            }
            extents[name] = (size, info.name)
        default: break
        }
    }
}
