package import GraphIR
package import Tensors

/// What the standard says of an operator, as data, for all versions from opset 7 on, and for some operators from an earlier one.
package struct OperatorSchema: Sendable {
    package let name: String
    package let domain: String
    /// The opset versions that changed the operator, ascending and without a gap; the first is one in force at opset 7 or before, or the operator's own first.
    package let since: [Int]
    /// The version that withdrew the operator.
    package let deprecated: Int?
    /// The opset from which on other tools write the operator although the standard has it only from `since` on.
    package let writtenSince: Int
    package let inputs: [Parameter]
    package let outputs: [Parameter]
    package let attributes: [AttributeSchema]
    /// What each type variable may stand for, all versions together.
    package let types: [String: TypeSet]
    /// Whether two runs on equal inputs give equal outputs.
    package let isDeterministic: Bool

    package init(
        _ name: String, domain: String = "", since: [Int], deprecated: Int? = nil, writtenSince: Int = .max,
        inputs: [Parameter], outputs: [Parameter], attributes: [AttributeSchema] = [], types: [String: TypeSet], isDeterministic: Bool = true
    ) {
        self.name = name
        self.domain = domain
        self.since = since
        self.deprecated = deprecated
        self.writtenSince = writtenSince
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
        self.types = types
        self.isDeterministic = isDeterministic
    }

    /// The version in force at `opset`, or nil where the operator doesn't exist yet or any more.
    package func version(at opset: Int) -> Int? {
        if let deprecated, opset >= deprecated { return nil }
        return since.last { $0 <= opset } ?? (opset >= writtenSince ? since.first : nil)
    }

    package func inputs(at opset: Int) -> [Parameter] { inputs.filter { $0.versions.contains(opset) } }
    package func outputs(at opset: Int) -> [Parameter] { outputs.filter { $0.versions.contains(opset) } }
    package func attributes(at opset: Int) -> [AttributeSchema] { attributes.filter { $0.versions.contains(opset) } }
}

/// A formal input or output.
package struct Parameter: Sendable {
    package enum Kind: Sendable, Equatable {
        case single
        case optional
        /// Any number of values, at least `minimum`; `isHomogeneous` when all have one type.
        case variadic(minimum: Int, isHomogeneous: Bool)
    }

    package let name: String
    /// A key of the schema's `types`.
    package let type: String
    package let kind: Kind
    package let versions: ClosedRange<Int>

    /// One value that must be there.
    package static func one(_ name: String, _ type: String, since: Int = 1, until: Int = .max) -> Parameter {
        Parameter(name: name, type: type, kind: .single, versions: since...until)
    }

    /// One value that may be left out.
    package static func optional(_ name: String, _ type: String, since: Int = 1, until: Int = .max) -> Parameter {
        Parameter(name: name, type: type, kind: .optional, versions: since...until)
    }

    /// The rest of the values.
    package static func variadic(
        _ name: String, _ type: String, minimum: Int = 1, isHomogeneous: Bool = true, since: Int = 1, until: Int = .max
    ) -> Parameter {
        Parameter(name: name, type: type, kind: .variadic(minimum: minimum, isHomogeneous: isHomogeneous), versions: since...until)
    }
}

/// A formal attribute.
package struct AttributeSchema: Sendable {
    package let name: String
    package let kind: AttributeKind
    package let isRequired: Bool
    package let defaultValue: Attribute?
    package let versions: ClosedRange<Int>

    /// An attribute that a node must have.
    package static func required(_ name: String, _ kind: AttributeKind, since: Int = 1, until: Int = .max) -> AttributeSchema {
        AttributeSchema(name: name, kind: kind, isRequired: true, defaultValue: nil, versions: since...until)
    }

    /// An attribute whose absence has a meaning of its own.
    package static func optional(_ name: String, _ kind: AttributeKind, since: Int = 1, until: Int = .max) -> AttributeSchema {
        AttributeSchema(name: name, kind: kind, isRequired: false, defaultValue: nil, versions: since...until)
    }

    /// An attribute with a default. Several entries of one name with disjoint versions state defaults that changed.
    package static func defaulted(_ name: String, _ value: Attribute, since: Int = 1, until: Int = .max) -> AttributeSchema {
        AttributeSchema(name: name, kind: value.kind, isRequired: false, defaultValue: value, versions: since...until)
    }
}

/// A set of element types.
package struct ElementTypes: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package init(_ types: [ElementType]) { rawValue = types.reduce(0) { $0 | 1 << UInt32($1.rawValue) } }
    package func contains(_ type: ElementType) -> Bool { rawValue >> UInt32(type.rawValue) & 1 == 1 }
    /// The members in the order of their numbers.
    package var members: [ElementType] { ElementType.allCases.filter(contains) }

    /// float16, float, double and bfloat16.
    package static let floats = ElementTypes([.float16, .float, .double, .bfloat16])
    package static let signedIntegers = ElementTypes([.int8, .int16, .int32, .int64])
    package static let unsignedIntegers = ElementTypes([.uint8, .uint16, .uint32, .uint64])
    /// Integers of 8 to 64 bits.
    package static let integers: ElementTypes = [.signedIntegers, .unsignedIntegers]
    /// Integers of 8 to 64 bits and `floats`.
    package static let numeric: ElementTypes = [.integers, .floats]
    package static let float8 = ElementTypes([.float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz])
    package static let complex = ElementTypes([.complex64, .complex128])
    package static let indices = ElementTypes([.int32, .int64])
    package static let bool = ElementTypes([.bool])
    package static let string = ElementTypes([.string])
    package static let int64 = ElementTypes([.int64])
    /// Every type of ONNX.
    package static let all = ElementTypes(ElementType.allCases)
}

/// What a type variable may stand for.
package struct TypeSet: Sendable {
    package var tensors: ElementTypes
    package var sequences: ElementTypes
    package var optionalTensors: ElementTypes
    package var optionalSequences: ElementTypes

    package init(
        _ tensors: ElementTypes, sequences: ElementTypes = [], optionalTensors: ElementTypes = [], optionalSequences: ElementTypes = []
    ) {
        self.tensors = tensors
        self.sequences = sequences
        self.optionalTensors = optionalTensors
        self.optionalSequences = optionalSequences
    }

    /// Tensors of the given types.
    package static func tensors(_ types: ElementType...) -> TypeSet { TypeSet(ElementTypes(types)) }
    /// Tensors of any type of a set.
    package static func tensors(_ types: ElementTypes) -> TypeSet { TypeSet(types) }
    /// Sequences of tensors of any type of a set.
    package static func sequences(_ types: ElementTypes) -> TypeSet { TypeSet([], sequences: types) }
    /// Anything.
    package static let any = TypeSet(.all, sequences: .all, optionalTensors: .all, optionalSequences: .all)

    /// Whether a value of `type` is allowed; an unknown element type is.
    package func allows(_ type: ValueType) -> Bool {
        switch type {
        case .tensor(let element, _), .sparseTensor(let element, _): element.map(tensors.contains) ?? !tensors.isEmpty
        case .sequence(.tensor(let element, _)): element.map(sequences.contains) ?? !sequences.isEmpty
        case .optional(.tensor(let element, _)): element.map(optionalTensors.contains) ?? !optionalTensors.isEmpty
        case .optional(.sequence(.tensor(let element, _))): element.map(optionalSequences.contains) ?? !optionalSequences.isEmpty
        case .sequence(.sequence), .sequence(.map), .sequence(.optional), .optional, .sequence(.sparseTensor): true
        case .map: tensors.isEmpty || self.sequences == .all
        }
    }
}
