internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// The remainder of a division, with the sign of B, or with that of A where `fmod` is 1; an integer modulo 0 is 0.
    /// https://onnx.ai/onnx/operators/onnx__Mod.html
    package struct Mod: Operator {
        package static let schema = OperatorSchema(
            "Mod", since: [10, 13, 28],
            inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("C", "T")], attributes: [.defaulted("fmod", .int(0))],
            types: ["T": .tensors(.numeric)])

        private let truncates: Bool
        private let acceptsFloats: Bool

        package init(_ node: NodeReader) throws {
            truncates = try node.flag("fmod")
            acceptsFloats = truncates || node.version >= 28
        }

        package func infer(_ types: Inference) throws {
            if let type = types.element(0), type.isFloatingPoint, !acceptsFloats {
                throw ONNXError(.shape, "elements of type \(type) need fmod = 1 before opset 28")
            }
            types.set(0, types.element(0) ?? types.element(1), try Inference.broadcast([types.shape(0), types.shape(1)]))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0, 1]) }

        package func run(_ context: RunContext) throws {
            let type = try context.input(0).elementType
            if type.isFloatingPoint {
                try type.visitFloat(Floats(context: context, truncates: truncates))
            } else {
                try type.visitInteger(Integers(context: context, truncates: truncates))
            }
        }

        private struct Floats: FloatVisitor {
            let context: RunContext
            let truncates: Bool
            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (a, b, output) = (try context.input(0), try context.input(1), try context.output())
                let (x, y, truncates) = (try a.elements(T.self), try b.elements(T.self), truncates)
                try context.zip(x, a.shape, y, b.shape, to: try output.elements(T.self), output.shape, grain: 1024) {
                    T(truncates ? fmod(Double($0), Double($1)) : Self.floored(Double($0), Double($1)))
                }
            }

            private static func floored(_ a: Double, _ b: Double) -> Double {
                let rest = fmod(a, b)
                if rest == 0 { return Double(signOf: b, magnitudeOf: rest) }
                return (rest < 0) == (b < 0) ? rest : rest + b
            }
        }

        private struct Integers: IntegerVisitor {
            let context: RunContext
            let truncates: Bool
            func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
                let (a, b, output) = (try context.input(0), try context.input(1), try context.output())
                let (x, y, truncates) = (try a.elements(T.self), try b.elements(T.self), truncates)
                try context.zip(x, a.shape, y, b.shape, to: try output.elements(T.self), output.shape) {
                    // Where the remainder doesn't exist, the reported one is the dividend; the least integer modulo -1 is 0.
                    let rest = $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue
                    return truncates || rest == 0 || (rest < 0) == ($1 < 0) ? rest : rest &+ $1
                }
            }
        }
    }
}
