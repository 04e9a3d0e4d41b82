internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// X to the power of Y, in X's type. https://onnx.ai/onnx/operators/onnx__Pow.html
    package struct Pow: Operator {
        package static let schema = OperatorSchema(
            "Pow", since: [1, 7, 12, 13, 15],
            inputs: [.one("X", "T"), .one("Y", "T", until: 11), .one("Y", "T1", since: 12)], outputs: [.one("Z", "T")],
            attributes: OperandAlignment.attributes, types: ["T": .tensors([.floats, .indices]), "T1": .tensors(.numeric)])

        private let alignment: OperandAlignment

        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), try alignment.infer(types))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws {
            switch (try context.input(0).elementType, try context.input(1).elementType.isInteger) {
            case (.float, _):
                try raise(context, Float.self) {
                    Float($0)
                } from: {
                    Double($0)
                }
            case (.double, _):
                try raise(context, Double.self) {
                    $0
                } from: {
                    $0
                }
            case (.int32, true): try raiseInteger(context, Int32.self)
            case (.int32, false):
                try raise(context, Int32.self) {
                    Int32(saturating: $0)
                } from: {
                    Double($0)
                }
            case (_, true): try raiseInteger(context, Int64.self)
            case (_, false):
                try raise(context, Int64.self) {
                    Int64(saturating: $0)
                } from: {
                    Double($0)
                }
            }
        }

        /// In double precision, rounded once. The exponents that exporters write for squares, cubes and roots are multiplications.
        @inline(__always)
        private func raise<T: Arithmetic>(
            _ context: RunContext, _ type: T.Type, _ to: @escaping @Sendable (Double) -> T, from: @escaping @Sendable (T) -> Double
        ) throws {
            let (x, output) = (try context.input(0), try context.output())
            let y = try alignment.align(try context.input(1), to: x)
            let (bases, z) = (try x.elements(T.self), try output.elements(T.self))
            let exponents = try Conversion.doubles(y, context)
            switch exponents.count == 1 && bases.count == z.count ? exponents[0] : .nan {
            case 2: try context.map(bases, to: z) { to(from($0) * from($0)) }
            case 3: try context.map(bases, to: z) { to(from($0) * from($0) * from($0)) }
            case 0.5: try context.map(bases, to: z) { to(Self.root(from($0))) }
            default: try context.zip(bases, x.shape, exponents, y.shape, to: z, output.shape, grain: 1024) { to(pow(from($0), $1)) }
            }
        }

        /// As `pow` has it: unlike the square root, -infinity gives infinity and -0 gives 0.
        private static func root(_ x: Double) -> Double { x == -.infinity ? .infinity : (x + 0).squareRoot() }

        private func raiseInteger<T: Arithmetic & FixedWidthInteger>(_ context: RunContext, _ type: T.Type) throws {
            let (x, output) = (try context.input(0), try context.output())
            let y = try alignment.align(try context.input(1), to: x)
            let exponents = try context.scratch(Int64.self, count: y.count)
            try y.elementType.visitInteger(Exponents(source: y, target: exponents))
            try context.zip(try x.elements(T.self), x.shape, exponents.elements, y.shape, to: try output.elements(T.self), output.shape) {
                Self.power($0, $1)
            }
        }

        /// Wraps; a negative exponent truncates the fraction.
        private static func power<T: FixedWidthInteger>(_ base: T, _ exponent: Int64) -> T {
            guard exponent >= 0 else { return base == 1 ? 1 : base == -1 ? (exponent & 1 == 0 ? 1 : base) : 0 }
            var (result, square, rest) = (T(1), base, exponent)
            while rest > 0 {
                if rest & 1 == 1 { result = result &* square }
                square = square &* square
                rest >>= 1
            }
            return result
        }

        private struct Exponents: IntegerVisitor {
            let source: Tensor
            let target: MutableElements<Int64>
            func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
                ElementLoop.map(try source.elements(T.self), to: target, in: 0..<target.count) { Int64(clamping: $0) }
            }
        }
    }
}
