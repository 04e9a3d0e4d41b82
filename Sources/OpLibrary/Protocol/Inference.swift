internal import Bytes
package import Tensors

/// The types of a node's inputs, as far as they are known, and the types that its operator finds for the outputs.
package final class Inference {
    /// The type of each input; nil for one that is left out or of unknown type.
    package let inputs: [ValueType?]
    /// The value of each input that is known.
    private let constants: [Tensor?]
    /// What is known of the elements of integer inputs that hold sizes.
    private let sizes: [[Dimension]?]
    /// What has been found, a place for each output that the node lists.
    package private(set) var outputs: [ValueType?]
    /// Values of outputs that follow from the types.
    package private(set) var values: [Tensor?]
    /// Inputs whose value was asked for.
    package private(set) var consulted: Set<Int> = []
    /// Finds the output types of the node's subgraph `name` from its input types.
    package typealias BodyInference = (_ name: String, _ inputs: [ValueType?]) throws -> [ValueType?]
    private let inferBody: BodyInference?

    package init(inputs: [ValueType?], constants: [Tensor?], sizes: [[Dimension]?] = [], outputCount: Int, body: BodyInference? = nil) {
        self.inputs = inputs
        self.constants = constants
        self.sizes = sizes
        outputs = Array(repeating: nil, count: outputCount)
        values = outputs.map { _ in nil }
        inferBody = body
    }

    package var inputCount: Int { inputs.count }
    package var outputCount: Int { outputs.count }

    package func type(_ input: Int) -> ValueType? { input < inputs.count ? inputs[input] : nil }
    package func element(_ input: Int) -> ElementType? { type(input)?.elementType }
    /// The dimensions, if the rank is known.
    package func shape(_ input: Int) -> [Dimension]? { type(input)?.shape }
    /// The value, if it is known.
    package func constant(_ input: Int) -> Tensor? {
        consulted.insert(input)
        return input < constants.count ? constants[input] : nil
    }

    /// The elements of an integer tensor of rank 0 or 1, of which some may be the extent of a named or unknown dimension.
    package func dimensions(_ input: Int) -> [Dimension]? { input < sizes.count ? sizes[input] : nil }

    /// The values of a known integer tensor of any integer type. Throws `.shape` when it is of another type or a value doesn't fit.
    package func ints(_ input: Int) throws -> [Int]? {
        guard let tensor = constant(input) else { return nil }
        return try tensor.ints()
    }

    /// Says what output `output` is. One that the node doesn't list is ignored.
    package func set(_ output: Int, _ type: ValueType?) {
        if output < outputs.count { outputs[output] = type }
    }

    /// Gives the value of an output that follows from the input types alone, so that the operator need not run.
    package func setValue(_ output: Int, _ value: Tensor) {
        if output < values.count { values[output] = value }
    }

    package func set(_ output: Int, _ element: ElementType?, _ shape: [Dimension]?) {
        set(output, .tensor(element, shape))
    }

    package func set(_ output: Int, _ element: ElementType?, _ shape: [Int]) {
        set(output, .tensor(element, shape.map(Dimension.known)))
    }

    /// The output types of the node's subgraph attribute `name`, given the types of its inputs.
    package func body(_ name: String, _ inputs: [ValueType?]) throws -> [ValueType?] {
        guard let inferBody else { throw ONNXError(.unsupported, "subgraph '\(name)' can't be inferred here") }
        return try inferBody(name, inputs)
    }

    /// Throws `.shape` unless the rank of `input` is within `ranks` or unknown.
    package func checkRank(_ input: Int, _ ranks: ClosedRange<Int>, _ name: String) throws {
        guard let rank = shape(input)?.count, !ranks.contains(rank) else { return }
        let expected =
            ranks.lowerBound == ranks.upperBound
            ? "rank \(ranks.lowerBound)" : ranks.upperBound == .max ? "rank \(ranks.lowerBound) or more" : "rank \(ranks.lowerBound) to \(ranks.upperBound)"
        throw ONNXError(.shape, "'\(name)' has rank \(rank), \(expected) expected")
    }

    /// `axis` counted from the front. Throws `.shape` when it is out of range.
    package func axis(_ axis: Int, rank: Int) throws -> Int {
        guard let index = Shape.axis(axis, rank: rank) else {
            throw ONNXError(.shape, "axis \(axis) is out of range for rank \(rank); \(-rank)...\(rank - 1) expected")
        }
        return index
    }

    /// The shape that all of the shapes broadcast to by NumPy's rule. Throws `.shape` when they don't.
    package static func broadcast(_ shapes: [[Dimension]?]) throws -> [Dimension]? {
        var result: [Dimension] = []
        for shape in shapes {
            guard let shape else { return nil }
            result = try broadcast(result, shape)
        }
        return result
    }

    private static func broadcast(_ a: [Dimension], _ b: [Dimension]) throws -> [Dimension] {
        let rank = Swift.max(a.count, b.count)
        func dimension(_ shape: [Dimension], _ axis: Int) -> Dimension {
            let index = axis - (rank - shape.count)
            return index < 0 ? .known(1) : shape[index]
        }
        return try (0..<rank).map { axis in
            let (x, y) = (dimension(a, axis), dimension(b, axis))
            switch (x, y) {
            case (.known(1), _): return y
            case (_, .known(1)): return x
            case (.known(let m), .known(let n)):
                guard m == n else {
                    let texts = [a, b].map { "[" + $0.map(\.description).joined(separator: ",") + "]" }
                    throw ONNXError(.shape, "shapes \(texts[0]) and \(texts[1]) don't broadcast: axis \(axis - rank) has \(m) and \(n)")
                }
                return x
            case (.known, _): return x
            case (_, .known): return y
            default: return x == y || y.isLimited(x) ? x : x.isLimited(y) ? y : .unknown
            }
        }
    }
}

extension Dimension {
    /// What is left of this many indices from the first on in an axis of extent `extent`: `sequence≤512` is the lesser of both.
    package func limited(to extent: Dimension) -> Dimension {
        switch (self, extent) {
        case (.named, self): self
        case (.named(let name), .known(let most)) where most >= 2: .named("\(name)≤\(most)")
        default: .unknown
        }
    }

    /// Whether this is `other` limited to 2 or more: then the two can broadcast only where they are equal.
    func isLimited(_ other: Dimension) -> Bool {
        guard case .named(let name) = self, case .named(let whole) = other else { return false }
        return name.hasPrefix(whole + "≤") && Int(name.dropFirst(whole.count + 1)) != nil
    }
}

extension Tensor {
    /// The values of an integer tensor of any integer type of 8 bits or more. Throws `.shape` for other types or values beyond `Int`.
    package func ints() throws -> [Int] {
        switch elementType {
        case .int64: return try elements(Int64.self).map { Int($0) }
        case .int32: return try elements(Int32.self).map { Int($0) }
        case .int16: return try elements(Int16.self).map { Int($0) }
        case .int8: return try elements(Int8.self).map { Int($0) }
        case .uint8: return try elements(UInt8.self).map { Int($0) }
        case .uint16: return try elements(UInt16.self).map { Int($0) }
        case .uint32: return try elements(UInt32.self).map { Int($0) }
        case .uint64:
            return try elements(UInt64.self).map {
                guard let value = Int(exactly: $0) else { throw ONNXError(.shape, "\($0) is beyond 63 bits") }
                return value
            }
        default: throw ONNXError(.shape, "an integer tensor expected, \(self) found")
        }
    }
}
