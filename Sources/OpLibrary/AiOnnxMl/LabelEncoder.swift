internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnxMl {
    /// Maps labels to labels by a table. https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html
    package struct LabelEncoder: Operator {
        package static let schema = OperatorSchema(
            "LabelEncoder", domain: domain, since: [1, 2, 4], inputs: [.one("X", "T1")], outputs: [.one("Y", "T2")],
            attributes: [
                .optional("classes_strings", .strings, until: 1),
                .optional("keys_strings", .strings, since: 2), .optional("keys_int64s", .ints, since: 2), .optional("keys_floats", .floats, since: 2),
                .optional("keys_tensor", .tensor, since: 4),
                .optional("values_strings", .strings, since: 2), .optional("values_int64s", .ints, since: 2), .optional("values_floats", .floats, since: 2),
                .optional("values_tensor", .tensor, since: 4),
                .defaulted("default_string", .string("_Unused")), .defaulted("default_int64", .int(-1)),
                .defaulted("default_float", .float(-0.0), since: 2), .optional("default_tensor", .tensor, since: 4),
            ],
            types: [
                "T1": .tensors(.float, .double, .int16, .int32, .int64, .string), "T2": .tensors(.float, .double, .int16, .int32, .int64, .string),
            ])
        package static let narrowTypes = NarrowTypes.moved

        /// From keys of one type to places in a tensor of another, whose last entry is the default.
        private struct Table: Sendable {
            let keyType: ElementType
            let places: [Label: Int]
            let values: Tensor

            /// Of several equal keys the last counts.
            init(keys: Tensor, values: Tensor, fallback: Tensor) throws {
                guard keys.count == values.count, fallback.count == 1, fallback.elementType == values.elementType else {
                    throw ONNXError(.malformed, "keys \(keys), values \(values) and default \(fallback) don't fit together")
                }
                keyType = keys.elementType
                places = Dictionary(zip(try Label.all(of: keys), 0..<keys.count), uniquingKeysWith: { $1 })
                self.values =
                    values.elementType == .string
                    ? try Tensor(strings: try values.stringArray() + (try fallback.stringArray()), shape: [values.count + 1])
                    : try values.followed(by: fallback)
            }
        }

        /// One table, or in version 1 one for each direction.
        private let tables: [Table]

        package init(_ node: NodeReader) throws {
            if node.version == 1 {
                let classes = node.optionalStrings("classes_strings") ?? []
                let names = try Tensor(strings: classes, shape: [classes.count])
                let numbers = try Tensor((0..<classes.count).map(Int64.init), shape: [classes.count])
                tables = [
                    try Table(keys: names, values: numbers, fallback: try Tensor(scalar: Int64(try node.int("default_int64")))),
                    try Table(keys: numbers, values: names, fallback: try Tensor(strings: [try node.string("default_string")], shape: [])),
                ]
                return
            }
            let (keys, values) = (try Self.list("keys", node), try Self.list("values", node))
            tables = [try Table(keys: keys, values: values, fallback: try Self.fallback(values.elementType, node))]
        }

        /// The one list among attributes `name`_*.
        private static func list(_ name: String, _ node: NodeReader) throws -> Tensor {
            let lists: [Tensor?] = [
                try node.optionalStrings(name + "_strings").flatMap { $0.isEmpty ? nil : try Tensor(strings: $0, shape: [$0.count]) },
                try node.optionalInts(name + "_int64s").flatMap { $0.isEmpty ? nil : try Tensor($0.map(Int64.init), shape: [$0.count]) },
                try node.optionalFloats(name + "_floats").flatMap { $0.isEmpty ? nil : try Tensor($0, shape: [$0.count]) },
                node.optionalTensor(name + "_tensor"),
            ]
            let given = lists.compactMap { $0 }
            guard given.count == 1 else { throw ONNXError(.malformed, "\(given.count) of the attributes '\(name)_*' are given, one expected") }
            return given[0]
        }

        private static func fallback(_ type: ElementType, _ node: NodeReader) throws -> Tensor {
            if let given = node.optionalTensor("default_tensor"), !node.has("values_strings"), !node.has("values_int64s"), !node.has("values_floats") {
                return given
            }
            switch type {
            case .string: return try Tensor(strings: [try node.string("default_string")], shape: [])
            case .int64: return try Tensor(scalar: Int64(try node.int("default_int64")))
            case .float: return try Tensor(scalar: try node.float("default_float"))
            case .double: return try Tensor(scalar: -0.0)
            case .int32: return try Tensor(scalar: Int32(-1))
            case .int16: return try Tensor(scalar: Int16(-1))
            default: throw ONNXError(.malformed, "values of type \(type) are given; float, double, int16, int32, int64 or string expected")
            }
        }

        private func table(for type: ElementType) throws -> Table {
            guard let table = tables.first(where: { $0.keyType == type }) else {
                let types = tables.map(\.keyType.name).joined(separator: " or ")
                throw ONNXError(.shape, "labels are of type \(type), keys of \(types)")
            }
            return table
        }

        package func infer(_ types: Inference) throws {
            types.set(0, try types.element(0).map { try table(for: $0).values.elementType }, types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let table = try table(for: x.elementType)
            let mover = try ElementMover(context, type: table.values.elementType)
            let source = try ElementMover.Source(table.values)
            for (index, label) in try Label.all(of: x).enumerated() {
                mover.copy(source, from: table.places[label] ?? table.values.count - 1, count: 1, to: index)
            }
            try mover.finish(context)
        }
    }
}

/// A key that compares as the standard says: every NaN is the same, strings are their bytes.
private enum Label: Hashable {
    case integer(Int)
    case float(UInt64)
    case string([UInt8])

    static func all(of tensor: Tensor) throws -> [Label] {
        switch tensor.elementType {
        case .string: try tensor.stringArray().map { .string(Array($0.utf8)) }
        case .float: try tensor.elements(Float.self).map { Label(Double($0)) }
        case .double: try tensor.elements(Double.self).map { Label($0) }
        default: try tensor.ints().map { .integer($0) }
        }
    }

    private init(_ value: Double) { self = .float(value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern) }
}

extension Tensor {
    /// The elements of both as one vector; they are of one type of fixed size.
    fileprivate func followed(by other: Tensor) throws -> Tensor {
        let result = try MutableTensor(elementType, [try count.plus(other.count)])
        let (first, second) = (try bytes(), try other.bytes())
        result.rawBytes().copy(first, from: 0, count: first.count, to: 0)
        result.rawBytes().copy(second, from: 0, count: second.count, to: first.count)
        return result.tensor
    }
}
