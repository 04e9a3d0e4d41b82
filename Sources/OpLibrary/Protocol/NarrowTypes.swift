internal import Bytes
package import Tensors

extension Operator {
    /// Runs the operator as its `narrowTypes` says: narrow inputs are widened before, outputs rounded once after.
    package func apply(_ context: RunContext) throws {
        let rule = Self.narrowTypes
        guard rule != .asStored, context.hasNarrowTypes(rule) else { return try run(context) }
        let wide = try context.widened(rule)
        try run(wide)
        try context.takeNarrowed(wide)
    }
}

extension NarrowTypes {
    /// What `type` is presented as; nil when it is presented as it is.
    package func presentation(of type: ElementType) -> ElementType? {
        switch self {
        case .asStored: nil
        case .moved: type.isPacked ? (type.isSignedInteger ? .int8 : .uint8) : nil
        case .widened:
            if type.isFloatingPoint && type.bitWidth < 32 { .float } else if type.isPacked { type.isSignedInteger ? .int8 : .uint8 } else { nil }
        }
    }
}

extension RunContext {
    fileprivate func hasNarrowTypes(_ rule: NarrowTypes) -> Bool {
        (0..<inputCount).contains { value($0)?.tensor.flatMap { rule.presentation(of: $0.elementType) } != nil }
            || (0..<outputCount).contains { outputType($0)?.elementType.flatMap(rule.presentation) != nil }
    }

    fileprivate func widened(_ rule: NarrowTypes) throws -> RunContext {
        let inputs: [Value?] = try (0..<inputCount).map { index in
            guard let value = value(index), let tensor = value.tensor, let type = rule.presentation(of: tensor.elementType) else { return self.value(index) }
            return .tensor(type == .float ? try tensor.widenedToFloat(scratch: { try self.scratch(.float, $0) }) : try tensor.unpacked())
        }
        let types: [ValueType?] = (0..<outputCount).map { index in
            guard let type = outputType(index), case .tensor(let element?, let shape) = type, let wide = rule.presentation(of: element) else {
                return outputType(index)
            }
            return .tensor(wide, shape)
        }
        return RunContext(inputs: inputs, outputTypes: types, wanted: (0..<outputCount).map(isWanted), host: NarrowingHost(self, types))
    }

    fileprivate func takeNarrowed(_ wide: RunContext) throws {
        for index in 0..<outputCount {
            guard isWanted(index), let value = wide.results[index] else { continue }
            guard let tensor = value.tensor, let element = outputType(index)?.elementType, tensor.elementType != element else {
                set(index, value)
                continue
            }
            if !element.isFloatingPoint || tensor.elementType != .float {
                set(index, try tensor.packed(as: element))
            } else {
                try tensor.narrow(into: try allocate(index, element, tensor.shape))
            }
        }
    }
}

/// Outputs whose type is presented wider live in scratch memory until they are rounded; everything else is the true host's.
private final class NarrowingHost: RunHost {
    private let context: RunContext
    private let types: [ValueType?]

    init(_ context: RunContext, _ types: [ValueType?]) {
        self.context = context
        self.types = types
    }

    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
        if let declared = context.outputType(output)?.elementType, declared != type { return try context.scratch(type, shape) }
        return try context.allocate(output, type, shape)
    }
    func scratch(byteCount: Int) throws -> Storage { try context.host.scratch(byteCount: byteCount) }
    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
        try context.host.parallel(count, grain: grain, body)
    }
    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] { try context.host.runBody(name, inputs) }
    func checkDeadline() throws { try context.host.checkDeadline() }
    func nextSeed() -> UInt64 { context.host.nextSeed() }
}

extension Tensor {
    /// The same values as Float, in memory that `scratch` gives.
    package func widenedToFloat(scratch: ([Int]) throws -> MutableTensor) throws -> Tensor {
        let result = try scratch(shape)
        let wide = try result.elements(Float.self)
        switch elementType {
        case .float16:
            let narrow = try elements(Float16.self)
            for index in wide.indices { wide[index] = Float(narrow[index]) }
        case .bfloat16:
            let narrow = try elements(BFloat16.self)
            for index in wide.indices { wide[index] = narrow[index].float }
        default:
            guard let format = SmallFloatFormat.of(elementType) else { throw ONNXError(.shape, "a narrow float expected, \(self) found") }
            let bits = try unpacked().bits(UInt8.self)
            for index in wide.indices { wide[index] = format.decode(bits[index]) }
        }
        return result.tensor
    }

    /// Rounds a float tensor to the narrow float type of `target`, once, ties to even, saturating where the type has no infinity.
    package func narrow(into target: MutableTensor) throws {
        let wide = try elements(Float.self)
        switch target.elementType {
        case .float16:
            let narrow = try target.elements(Float16.self)
            for index in narrow.indices { narrow[index] = Float16(wide[index]) }
        case .bfloat16:
            let narrow = try target.elements(BFloat16.self)
            for index in narrow.indices { narrow[index] = BFloat16(wide[index]) }
        default:
            guard let format = SmallFloatFormat.of(target.elementType) else { throw ONNXError(.shape, "a narrow float expected, \(target.elementType) found") }
            let bytes = try MutableTensor(.uint8, shape)
            let bits = bytes.rawBytes()
            for index in bits.indices { bits[index] = format.encode(wide[index]) }
            let packed = try bytes.tensor.packed(as: target.elementType)
            let source = try packed.bytes()
            target.rawBytes().copy(source, from: 0, count: source.count, to: 0)
        }
    }
}
