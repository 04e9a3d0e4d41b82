internal import Bytes
internal import GraphIR
internal import Tensors

extension ElementTypes {
    /// What Cast and CastLike know: everything but complex numbers.
    fileprivate static let castable = ElementTypes(ElementType.allCases.filter { $0 != .complex64 && $0 != .complex128 })
}

extension ElementCast {
    fileprivate init(_ node: NodeReader) throws {
        let mode = node.optionalString("round_mode") ?? "up"
        guard let rounding = SmallFloatFormat.PowerOfTwoRounding(rawValue: mode) else {
            throw ONNXError(.malformed, "attribute 'round_mode' is '\(mode)'; one of 'up', 'down', 'nearest' expected")
        }
        self.init(saturates: node.optionalInt("saturate") ?? 1 != 0, rounding: rounding)
    }
}

private let castAttributes: [AttributeSchema] = [
    .defaulted("saturate", .int(1), since: 19), .defaulted("round_mode", .string("up"), since: 24),
]

extension AiOnnx {
    /// The same values in another element type. https://onnx.ai/onnx/operators/onnx__Cast.html
    package struct Cast: Operator {
        package static let schema = OperatorSchema(
            "Cast", since: [6, 9, 13, 19, 21, 23, 24, 25, 28],
            inputs: [.one("input", "T1")], outputs: [.one("output", "T2")], attributes: castAttributes + [.required("to", .int)],
            types: ["T1": .tensors(.castable), "T2": .tensors(.castable)])
        package static let narrowTypes = NarrowTypes.asStored

        private let target: ElementType
        private let cast: ElementCast

        package init(_ node: NodeReader) throws {
            guard let type = try node.elementType("to"), ElementTypes.castable.contains(type) else {
                throw ONNXError(.unsupported, "attribute 'to' is \(try node.int("to")), which is no element type that Cast knows")
            }
            target = type
            cast = try ElementCast(node)
        }

        package func infer(_ types: Inference) throws { types.set(0, target, types.shape(0)) }

        package func layout(_ types: Inference) -> Layout { types.element(0) == target ? Layout(views: [0: 0]) : Layout() }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { .axis(axis) }

        package func run(_ context: RunContext) throws { try cast.run(try context.input(0), to: target, context) }
    }

    /// The same values in the element type of another tensor. https://onnx.ai/onnx/operators/onnx__CastLike.html
    package struct CastLike: Operator {
        package static let schema = OperatorSchema(
            "CastLike", since: [15, 19, 21, 23, 24, 25],
            inputs: [.one("input", "T1"), .one("target_type", "T2")], outputs: [.one("output", "T2")], attributes: castAttributes,
            types: ["T1": .tensors(.castable), "T2": .tensors(.castable)])
        package static let narrowTypes = NarrowTypes.asStored

        private let cast: ElementCast

        package init(_ node: NodeReader) throws { cast = try ElementCast(node) }

        package func infer(_ types: Inference) throws { types.set(0, types.element(1), types.shape(0)) }

        package func layout(_ types: Inference) -> Layout { types.element(0) == types.element(1) ? Layout(views: [0: 0]) : Layout() }

        package func run(_ context: RunContext) throws { try cast.run(try context.input(0), to: try context.input(1).elementType, context) }
    }
}
