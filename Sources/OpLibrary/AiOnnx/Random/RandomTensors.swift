internal import Bytes
internal import GraphIR
internal import Tensors

/// Which numbers a random operator draws.
package enum Distribution: Sendable {
    case normal(mean: Double, scale: Double)
    case uniform(low: Double, high: Double)

    func value(_ index: Int, _ stream: Philox) -> Double {
        switch self {
        case .normal(let mean, let scale): mean + scale * stream.normal(index)
        case .uniform(let low, let high): low + (high - low) * stream.uniform(index)
        }
    }

    fileprivate static func normal(_ node: NodeReader) throws -> Distribution {
        .normal(mean: Double(try node.float("mean")), scale: Double(try node.float("scale")))
    }

    fileprivate static func uniform(_ node: NodeReader) throws -> Distribution {
        .uniform(low: Double(try node.float("low")), high: Double(try node.float("high")))
    }
}

extension NodeReader {
    /// The stream's seed, if the node fixes it: equal bits of the attribute give equal streams.
    func randomSeed() -> UInt64? { optionalFloat("seed").map { UInt64($0.bitPattern) } }

    /// `dtype`, which must be one of `allowed`.
    func randomType(_ allowed: ElementTypes) throws -> ElementType? {
        guard let type = try elementType("dtype") else { return nil }
        guard allowed.contains(type) else {
            let names = allowed.members.map(\.name).joined(separator: ", ")
            throw ONNXError(.unsupported, "dtype \(type) is not one of \(names)")
        }
        return type
    }
}

/// The shared body of the operators that fill a tensor from a distribution.
package protocol RandomFill: Operator {
    var distribution: Distribution { get }
    var seed: UInt64? { get }
}

extension RandomFill {
    package func run(_ context: RunContext) throws {
        let output = try context.output()
        try output.elementType.visitFloat(
            RandomLoop(context: context, output: output, distribution: distribution, stream: Philox(seed: seed ?? context.nextSeed())))
    }
}

private struct RandomLoop: FloatVisitor {
    let context: RunContext
    let output: MutableTensor
    let distribution: Distribution
    let stream: Philox
    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
        let (elements, distribution, stream) = (try output.elements(T.self), distribution, stream)
        try context.parallel(elements.count, grain: 1024) { part in
            for index in part { elements[index] = T(distribution.value(index, stream)) }
        }
    }
}

private let normalAttributes: [AttributeSchema] = [.defaulted("mean", .float(0)), .defaulted("scale", .float(1)), .optional("seed", .float)]
private let uniformAttributes: [AttributeSchema] = [.defaulted("low", .float(0)), .defaulted("high", .float(1)), .optional("seed", .float)]

/// The shared rule of the operators whose shape is an attribute.
package struct RandomShape: Sendable {
    fileprivate let shape: [Int]
    fileprivate let type: ElementType

    fileprivate init(_ node: NodeReader) throws {
        shape = try node.ints("shape")
        _ = try Shape.count(shape)
        type = try node.randomType(.floats) ?? .float
    }

    fileprivate static func schema(_ name: String, _ attributes: [AttributeSchema]) -> OperatorSchema {
        OperatorSchema(
            name, since: [1, 22], inputs: [], outputs: [.one("output", "T")],
            attributes: attributes + [.defaulted("dtype", .int(1)), .required("shape", .ints)], types: ["T": .tensors(.floats)], isDeterministic: false)
    }
}

/// The shared rule of the operators whose shape is that of an input.
package struct RandomLike: Sendable {
    private let type: ElementType?

    fileprivate init(_ node: NodeReader) throws { type = try node.randomType(.floats) }

    fileprivate func infer(_ types: Inference) throws {
        let element = type ?? types.element(0)
        if let element, !ElementTypes.floats.contains(element) {
            throw ONNXError(.shape, "the input is of type \(element), which no random number is of", remedy: "give attribute 'dtype'")
        }
        types.set(0, element, types.shape(0))
    }

    fileprivate static func schema(_ name: String, _ attributes: [AttributeSchema]) -> OperatorSchema {
        OperatorSchema(
            name, since: [1, 22], inputs: [.one("input", "T1")], outputs: [.one("output", "T2")], attributes: attributes + [.optional("dtype", .int)],
            types: ["T1": .tensors(.all), "T2": .tensors(.floats)], isDeterministic: false)
    }
}

extension AiOnnx {
    /// A tensor of normally distributed numbers. https://onnx.ai/onnx/operators/onnx__RandomNormal.html
    package struct RandomNormal: RandomFill {
        package static let schema = RandomShape.schema("RandomNormal", normalAttributes)
        package let distribution: Distribution
        package let seed: UInt64?
        private let target: RandomShape
        package init(_ node: NodeReader) throws {
            (distribution, seed, target) = (try .normal(node), node.randomSeed(), try RandomShape(node))
        }
        package func infer(_ types: Inference) throws { types.set(0, target.type, target.shape) }
    }

    /// A tensor of uniformly distributed numbers. https://onnx.ai/onnx/operators/onnx__RandomUniform.html
    package struct RandomUniform: RandomFill {
        package static let schema = RandomShape.schema("RandomUniform", uniformAttributes)
        package let distribution: Distribution
        package let seed: UInt64?
        private let target: RandomShape
        package init(_ node: NodeReader) throws {
            (distribution, seed, target) = (try .uniform(node), node.randomSeed(), try RandomShape(node))
        }
        package func infer(_ types: Inference) throws { types.set(0, target.type, target.shape) }
    }

    /// Normally distributed numbers in the shape of another tensor. https://onnx.ai/onnx/operators/onnx__RandomNormalLike.html
    package struct RandomNormalLike: RandomFill {
        package static let schema = RandomLike.schema("RandomNormalLike", normalAttributes)
        package let distribution: Distribution
        package let seed: UInt64?
        private let target: RandomLike
        package init(_ node: NodeReader) throws {
            (distribution, seed, target) = (try .normal(node), node.randomSeed(), try RandomLike(node))
        }
        package func infer(_ types: Inference) throws { try target.infer(types) }
    }

    /// Uniformly distributed numbers in the shape of another tensor. https://onnx.ai/onnx/operators/onnx__RandomUniformLike.html
    package struct RandomUniformLike: RandomFill {
        package static let schema = RandomLike.schema("RandomUniformLike", uniformAttributes)
        package let distribution: Distribution
        package let seed: UInt64?
        private let target: RandomLike
        package init(_ node: NodeReader) throws {
            (distribution, seed, target) = (try .uniform(node), node.randomSeed(), try RandomLike(node))
        }
        package func infer(_ types: Inference) throws { try target.infer(types) }
    }
}
