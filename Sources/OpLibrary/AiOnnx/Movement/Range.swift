internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Numbers from `start` by `delta` up to, not including, `limit`. https://onnx.ai/onnx/operators/onnx__Range.html
    /// Not called `Range`, which would hide the type of that name from every operator.
    package struct RangeOperator: Operator {
        package static let schema = OperatorSchema(
            "Range", since: [11, 27],
            inputs: [.one("start", "T"), .one("limit", "T"), .one("delta", "T")], outputs: [.one("output", "T")],
            attributes: [.defaulted("stash_type", .int(1), since: 27)], types: ["T": .tensors(.numeric)])

        package init(_ node: NodeReader) throws {
            guard let stash = node.optionalInt("stash_type") else { return }
            guard stash == Int(ElementType.float.rawValue) else {
                throw ONNXError(.unsupported, "attribute 'stash_type' is \(stash); 1 (float) expected")
            }
        }

        package func infer(_ types: Inference) throws {
            for (input, name) in ["start", "limit", "delta"].enumerated() {
                if let shape = types.type(input)?.knownShape, try Shape.count(shape) != 1 {
                    throw ONNXError(.shape, "'\(name)' has shape \(Shape.text(shape)), a scalar expected")
                }
            }
            guard let start = types.constant(0), let limit = types.constant(1), let delta = types.constant(2) else {
                // 0, 1, ... up to an extent are as many as that.
                let isCount = try types.constant(0)?.doubles() == [0] && types.constant(2)?.doubles() == [1]
                return types.set(0, types.element(0), [isCount ? types.dimensions(1)?.first ?? .unknown : .unknown])
            }
            let bounds = try [start, limit, delta].map { try $0.widenedScalar() }
            types.set(0, types.element(0), [try bounds[0].elementType.visit(Length(bounds: bounds))])
        }

        package func run(_ context: RunContext) throws {
            let (start, delta) = (try context.input(0), try context.input(2))
            try start.elementType.visit(Fill(start: start, delta: delta, output: try context.output()))
        }

        private struct Length: ElementVisitor {
            let bounds: [Tensor]

            func visit<T: Arithmetic>(_ type: T.Type) throws -> Int {
                let (start, limit, delta) = (try bounds[0].elements(T.self)[0], try bounds[1].elements(T.self)[0], try bounds[2].elements(T.self)[0])
                guard delta != .zero else { throw ONNXError(.shape, "delta is 0") }
                if T.isFloatingPoint {
                    let count = ((limit.asDouble - start.asDouble) / delta.asDouble).rounded(.up)
                    guard count < 0x1p62, !count.isNaN else { throw ONNXError(.limit, "a range from \(start) to \(limit) by \(delta) has no length") }
                    return Int(Swift.max(0, count))
                }
                guard delta > .zero ? limit > start : limit < start else { return 0 }
                return try Self.steps(start, limit, delta)
            }

            /// `limit` lies beyond `start` in the direction of `delta`, so that their distance fits the unsigned word.
            private static func steps<T: Arithmetic>(_ start: T, _ limit: T, _ delta: T) throws -> Int {
                guard let from = start as? any FixedWidthInteger, let to = limit as? any FixedWidthInteger, let by = delta as? any FixedWidthInteger else {
                    throw ONNXError(.unsupported, "a range of this type is not supported")
                }
                let (first, last, step) = (Int64(truncatingIfNeeded: from), Int64(truncatingIfNeeded: to), Int64(truncatingIfNeeded: by))
                let distance = UInt64(bitPattern: delta > .zero ? last &- first : first &- last)
                let magnitude = delta > .zero ? UInt64(bitPattern: step) : step.magnitude
                guard let count = Int(exactly: (distance &- 1) / magnitude), count < .max else { throw ONNXError(.limit, "the range is too long") }
                return count + 1
            }
        }

        private struct Fill: ElementVisitor {
            let start: Tensor
            let delta: Tensor
            let output: MutableTensor

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (first, step, result) = (try start.elements(T.self)[0], try delta.elements(T.self)[0], try output.elements(T.self))
                if T.isFloatingPoint {
                    for index in result.indices { result[index] = T.add(first, T.multiply(T(saturating: Double(index)), step)) }
                } else {
                    var value = first
                    for index in result.indices {
                        result[index] = value
                        value = T.add(value, step)
                    }
                }
            }
        }
    }
}

extension Tensor {
    /// A tensor of one element, as Float where it is of a narrower float type.
    fileprivate func widenedScalar() throws -> Tensor {
        guard count == 1 else { throw ONNXError(.shape, "\(self) found, a scalar expected") }
        guard elementType.isFloatingPoint && elementType.bitWidth < 32 else { return self }
        return try widenedToFloat { try MutableTensor(.float, $0) }
    }
}
