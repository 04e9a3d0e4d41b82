internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Rows of all axes from `axis` on, brought to mean 0 and variance 1, scaled and shifted; ONNX Runtime writes it before opset 17 too. https://onnx.ai/onnx/operators/onnx__LayerNormalization.html
    package struct LayerNormalization: Operator {
        package static let schema = OperatorSchema(
            "LayerNormalization", since: [17], writtenSince: 1,
            inputs: [.one("X", "T"), .one("Scale", "T"), .optional("B", "T")],
            outputs: [.one("Y", "T"), .optional("Mean", "U"), .optional("InvStdDev", "U")],
            attributes: [.defaulted("axis", .int(-1)), .defaulted("epsilon", .float(1e-5)), .defaulted("stash_type", .int(1))],
            types: ["T": .tensors(.floats), "U": .tensors(.float, .bfloat16)])

        private let axis: Int
        private let epsilon: Double
        private let stashType: ElementType

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            epsilon = Double(try node.float("epsilon"))
            guard let type = try node.elementType("stash_type"), type == .float || type == .bfloat16 else {
                throw ONNXError(.unsupported, "stash_type \(try node.int("stash_type")) is neither float (1) nor bfloat16 (16)")
            }
            stashType = type
        }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), types.shape(0))
            guard let shape = types.shape(0) else {
                for index in 1..<3 { types.set(index, stashType, nil) }
                return
            }
            let axis = try types.axis(axis, rank: shape.count)
            for index in 1..<3 { types.set(index, stashType, Array(shape[..<axis]) + shape[axis...].map { _ in .known(1) }) }
            for index in 1..<3 {
                guard let parameter = types.shape(index), try Inference.broadcast([shape, parameter])?.count != shape.count else { continue }
                throw ONNXError(.shape, "'\(index == 1 ? "Scale" : "B")' of rank \(parameter.count) doesn't broadcast to X of rank \(shape.count)")
            }
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard let rank = types.shape(0)?.count, let first = Shape.axis(self.axis, rank: rank), axis < first else { return .mixed }
            return input == 0 ? .axis(axis) : types.shape(input).map { Inference.broadcastSource(of: axis, in: $0, rank: rank) } ?? .mixed
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            guard let axis = Shape.axis(axis, rank: x.rank) else { throw ONNXError(.shape, "axis \(axis) is out of range for \(x)") }
            let view = AxisView(x.shape, flattenedFrom: axis)
            if try !runKernel(x, view, context) { try x.elementType.visitFloat(Rows(context: context, view: view, epsilon: epsilon)) }
        }

        /// Floats whose scale and shift are one a column go through the kernel. False where they aren't.
        private func runKernel(_ x: Tensor, _ view: AxisView, _ context: RunContext) throws -> Bool {
            let (scale, shift) = (try context.input(1), try context.optionalInput(2))
            let normalized = x.shape.suffix(x.rank - (Shape.axis(axis, rank: x.rank) ?? 0))
            guard x.elementType == .float, [scale, shift ?? scale].allSatisfy({ $0.shape.elementsEqual(normalized) }) else { return false }
            try FloatNormalization(
                x: try x.elements(), y: try context.output().elements(), gamma: try scale.elements(), beta: try shift?.elements(),
                mean: context.isWanted(1) ? try context.output(1).elements() : nil,
                inverse: context.isWanted(2) ? try context.output(2).elements() : nil,
                epsilon: Float(epsilon), view: view, isRootMeanSquare: false
            ).run(context)
            return true
        }

        private struct Rows: FloatVisitor {
            let context: RunContext
            let view: AxisView
            let epsilon: Double

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let x = try context.input(0)
                let (input, output) = (try x.elements(T.self), try context.output().elements(T.self))
                let (view, epsilon) = (view, epsilon)
                let scale = try RowParameter<T>(context.input(1), x.shape, view)
                let shift = try context.optionalInput(2).map { try RowParameter<T>($0, x.shape, view) }
                let mean = context.isWanted(1) ? try context.output(1).elements(Float.self) : nil
                let inverse = context.isWanted(2) ? try context.output(2).elements(Float.self) : nil
                try context.parallel(view.outer, grain: view.grain) { rows in
                    for row in rows {
                        let start = row &* view.extent
                        let moments = RowMoments(input, start..<start &+ view.extent)
                        let deviation = 1 / (moments.variance + epsilon).squareRoot()
                        for column in 0..<view.extent {
                            let index = start &+ column
                            let value = (Double(input[index]) - moments.mean) * deviation * Double(scale[index, column])
                            output[index] = T(shift.map { value + Double($0[index, column]) } ?? value)
                        }
                        mean?[row] = Float(moments.mean)
                        inverse?[row] = Float(deviation)
                    }
                }
            }
        }
    }
}

/// Mean and variance of a run of elements, each in one fixed order.
struct RowMoments {
    let mean: Double
    let variance: Double

    init<T: BinaryFloatingPoint & BitwiseCopyable>(_ elements: Elements<T>, _ range: Range<Int>) {
        var sum = 0.0
        for index in range { sum += Double(elements[index]) }
        let mean = sum / Double(range.count)
        var squares = 0.0
        for index in range {
            let difference = Double(elements[index]) - mean
            squares += difference * difference
        }
        self.mean = mean
        variance = squares / Double(range.count)
    }
}

/// A parameter that broadcasts to a tensor of rows, by the tensor's own index.
struct RowParameter<T: TensorElement>: Sendable {
    private let elements: Elements<T>
    /// The parameter's index for each element of the tensor, where it isn't the element's place in its row.
    private let indices: [Int]?

    init(_ parameter: Tensor, _ shape: [Int], _ view: AxisView) throws {
        elements = try parameter.elements(T.self)
        let own = parameter.shape.drop { $0 == 1 }
        if own.elementsEqual(shape.suffix(own.count)) && elements.count == view.extent {
            indices = nil
        } else {
            let walk = BroadcastWalk([parameter.shape], to: shape)
            var indices: [Int] = []
            indices.reserveCapacity(view.outer &* view.extent)
            for run in 0..<walk.runCount {
                let start = walk.start(0, run: run)
                for index in 0..<walk.runLength { indices.append(start &+ index &* walk.steps[0]) }
            }
            self.indices = indices
        }
    }

    @inline(__always)
    subscript(_ index: Int, _ column: Int) -> T { elements[indices.map { $0[index] } ?? column] }
}
