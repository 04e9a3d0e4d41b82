internal import Bytes
internal import GraphIR
internal import Tensors

/// Normalises groups of channels of each instance, then scales and shifts.
private struct GroupLoop: FloatVisitor {
    let context: RunContext
    let groups: Int
    let epsilon: Double
    /// Whether scale and shift are one a channel, or one a group.
    let isPerChannel: Bool

    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
        let x = try context.input(0)
        let (input, output) = (try x.elements(T.self), try context.output().elements(T.self))
        let (scale, shift) = (try Conversion.doubles(try context.input(1), context), try Conversion.doubles(try context.input(2), context))
        let (groups, epsilon, isPerChannel) = (groups, epsilon, isPerChannel)
        let (channels, place) = (x.shape[1] / groups, Shape.product(x.shape[2...]))
        let length = channels &* place
        try context.parallel(x.shape[0] &* groups, grain: Swift.max(1, ElementLoop.grain / 4 / Swift.max(1, length))) { rows in
            for row in rows {
                let (start, group) = (row &* length, row % groups)
                let moments = RowMoments(input, start..<start &+ length)
                let inverse = 1 / (moments.variance + epsilon).squareRoot()
                for channel in 0..<channels {
                    let parameter = isPerChannel ? group &* channels &+ channel : group
                    let (factor, offset, mean) = (inverse * scale[parameter], shift[parameter], moments.mean)
                    let first = start &+ channel &* place
                    ElementLoop.map(input, to: output, in: first..<first &+ place) { T((Double($0) - mean) * factor + offset) }
                }
            }
        }
    }
}

extension Inference {
    /// X of rank 3 or more, `scale` and `bias` of `count` elements, if known. The output is as X.
    fileprivate func setNormalized(_ parameters: [String], count: Int?) throws {
        try checkRank(0, 2...Int.max, "X")
        set(0, element(0), shape(0))
        for (index, name) in parameters.enumerated() {
            guard let count, let found = type(index + 1)?.knownShape, found != [count] else { continue }
            throw ONNXError(.shape, "'\(name)' has shape \(Shape.text(found)), [\(count)] expected")
        }
    }
}

extension AiOnnx {
    /// Normalises each channel of each instance. https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html
    package struct InstanceNormalization: Operator {
        package static let schema = OperatorSchema(
            "InstanceNormalization", since: [6, 22], inputs: [.one("input", "T"), .one("scale", "T"), .one("B", "T")],
            outputs: [.one("output", "T")], attributes: [.defaulted("epsilon", .float(1e-5))], types: ["T": .tensors(.floats)])

        private let epsilon: Double

        package init(_ node: NodeReader) throws { epsilon = Double(try node.float("epsilon")) }

        package func infer(_ types: Inference) throws {
            try types.setNormalized(["scale", "B"], count: types.shape(0).flatMap { $0.count < 2 ? nil : $0[1].size })
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            guard x.count > 0 else { return _ = try context.output() }
            try x.elementType.visitFloat(GroupLoop(context: context, groups: x.shape[1], epsilon: epsilon, isPerChannel: true))
        }
    }

    /// Normalises groups of channels of each instance. Before opset 21, scale and bias are one a group.
    /// https://onnx.ai/onnx/operators/onnx__GroupNormalization.html
    package struct GroupNormalization: Operator {
        package static let schema = OperatorSchema(
            "GroupNormalization", since: [18, 21], inputs: [.one("X", "T"), .one("scale", "T"), .one("bias", "T")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("epsilon", .float(1e-5)), .required("num_groups", .int), .defaulted("stash_type", .int(1), since: 21)],
            types: ["T": .tensors(.floats)])

        private let epsilon: Double
        private let groups: Int
        private let isPerChannel: Bool

        package init(_ node: NodeReader) throws {
            epsilon = Double(try node.float("epsilon"))
            groups = try node.int("num_groups")
            guard groups > 0 else { throw ONNXError(.malformed, "num_groups is \(groups), 1 or more expected") }
            isPerChannel = node.version >= 21
        }

        package func infer(_ types: Inference) throws {
            let channels = types.shape(0).flatMap { $0.count < 2 ? nil : $0[1].size }
            if let channels, channels % groups != 0 {
                throw ONNXError(.shape, "\(channels) channels don't divide into \(groups) groups")
            }
            try types.setNormalized(["scale", "bias"], count: isPerChannel ? channels : groups)
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            guard x.count > 0 else { return _ = try context.output() }
            try x.elementType.visitFloat(GroupLoop(context: context, groups: groups, epsilon: epsilon, isPerChannel: isPerChannel))
        }
    }
}
