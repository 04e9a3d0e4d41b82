internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Normalises each channel by given statistics, or in training by its own. https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
    package struct BatchNormalization: Operator {
        package static let schema = OperatorSchema(
            "BatchNormalization", since: [1, 6, 7, 9, 14, 15],
            inputs: [
                .one("X", "T"), .one("scale", "T", until: 14), .one("scale", "T1", since: 15), .one("B", "T", until: 14), .one("B", "T1", since: 15),
                .one("mean", "T", until: 13), .one("input_mean", "U", since: 14, until: 14), .one("input_mean", "T2", since: 15),
                .one("var", "T", until: 13), .one("input_var", "U", since: 14, until: 14), .one("input_var", "T2", since: 15),
            ],
            outputs: [
                .one("Y", "T"), .optional("mean", "T", until: 13), .optional("running_mean", "U", since: 14, until: 14),
                .optional("running_mean", "T2", since: 15), .optional("var", "T", until: 13), .optional("running_var", "U", since: 14, until: 14),
                .optional("running_var", "T2", since: 15), .optional("saved_mean", "T", until: 13), .optional("saved_var", "T", until: 13),
            ],
            attributes: [
                .defaulted("epsilon", .float(1e-5)), .defaulted("momentum", .float(0.9)), .defaulted("spatial", .int(1), until: 8),
                .defaulted("is_test", .int(0), until: 6), .defaulted("training_mode", .int(0), since: 14), .required("consumed_inputs", .ints, until: 5),
            ],
            types: ["T": .tensors(.floats), "T1": .tensors(.floats), "T2": .tensors(.floats), "U": .tensors(.floats)])

        private let epsilon: Double
        private let momentum: Double
        private let isTraining: Bool
        private let isSpatial: Bool

        package init(_ node: NodeReader) throws {
            epsilon = Double(try node.float("epsilon"))
            momentum = Double(try node.float("momentum"))
            isSpatial = node.optionalInt("spatial") ?? 1 != 0
            let asksForStatistics = (1..<5).contains { node.hasOutput($0) }
            isTraining =
                switch node.version {
                case ..<7: try !node.flag("is_test")
                case ..<14: asksForStatistics
                default: try node.flag("training_mode")
                }
            guard isTraining || !asksForStatistics else {
                throw ONNXError(.malformed, "running statistics are outputs only in training: \(node.version < 7 ? "is_test 0" : "training_mode 1")")
            }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...Int.max, "X")
            types.set(0, types.element(0), types.shape(0))
            for index in 1..<5 { types.set(index, types.element(3), types.shape(3)) }
            guard let shape = types.type(0)?.knownShape else { return }
            let channels = view(shape).extent
            for index in 1..<5 {
                guard let parameter = types.type(index)?.knownShape, try Shape.count(parameter) != channels else { continue }
                throw ONNXError(.shape, "input \(index) has shape \(Shape.text(parameter)), \(channels) elements expected, one a channel")
            }
        }

        package func layout(_ types: Inference) -> Layout { isTraining ? Layout() : Layout(overwritable: [0]) }

        /// The channels as an axis. One dimension is a batch of one channel; not spatial means that each place is a channel.
        private func view(_ shape: [Int]) -> AxisView {
            if shape.count == 1 { return AxisView(shape + [1], axis: 1) }
            return isSpatial ? AxisView(shape, axis: 1) : AxisView(shape, flattenedFrom: 1)
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try x.elementType.visitFloat(Channels(context: context, x: x, view: view(x.shape), operation: self))
        }

        private struct Channels: FloatVisitor {
            let context: RunContext
            let x: Tensor
            let view: AxisView
            let operation: BatchNormalization

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (input, output, view) = (try x.elements(T.self), try context.output().elements(T.self), view)
                let parameters = try (1..<5).map { try Conversion.doubles(try context.input($0), context) }
                let statistics = operation.isTraining ? try measure(input, parameters[2], parameters[3]) : (parameters[2], parameters[3])
                // y = x * factor + offset, channel by channel.
                let (factors, offsets) = (try context.scratch(Double.self, count: view.extent), try context.scratch(Double.self, count: view.extent))
                for channel in 0..<view.extent {
                    let factor = parameters[0][channel] / (statistics.1[channel] + operation.epsilon).squareRoot()
                    factors[channel] = factor
                    offsets[channel] = parameters[1][channel] - statistics.0[channel] * factor
                }
                try context.parallel(view.outer &* view.extent, grain: Swift.max(1, ElementLoop.grain / Swift.max(1, view.inner))) { rows in
                    for row in rows {
                        let (factor, offset) = (factors[row % view.extent], offsets[row % view.extent])
                        // Both views cover the row from its own place on.
                        ElementLoop.map(input, to: output, in: row &* view.inner..<(row &+ 1) &* view.inner) { T(Double($0) * factor + offset) }
                    }
                }
            }

            /// Mean and population variance of each channel; gives the running ones to the outputs.
            private func measure<T: Arithmetic & BinaryFloatingPoint>(
                _ input: Elements<T>, _ runningMean: Elements<Double>, _ runningVariance: Elements<Double>
            ) throws -> (Elements<Double>, Elements<Double>) {
                let (means, variances) = (try context.scratch(Double.self, count: view.extent), try context.scratch(Double.self, count: view.extent))
                let (view, momentum) = (view, operation.momentum)
                try context.parallel(view.extent, grain: 1) { channels in
                    for channel in channels {
                        let runs = (0..<view.outer).lazy.map { ($0 &* view.extent &+ channel) &* view.inner }
                        let count = Double(view.outer &* view.inner)
                        let mean = runs.reduce(0.0) { (total, start) in (start..<start &+ view.inner).reduce(total) { $0 + Double(input[$1]) } } / count
                        means[channel] = mean
                        variances[channel] =
                            runs.reduce(0.0) { (total, start) in
                                (start..<start &+ view.inner).reduce(total) { $0 + (Double(input[$1]) - mean) * (Double(input[$1]) - mean) }
                            } / count
                    }
                }
                try give(1, channels: view.extent) { runningMean[$0] * momentum + means[$0] * (1 - momentum) }
                try give(2, channels: view.extent) { runningVariance[$0] * momentum + variances[$0] * (1 - momentum) }
                try give(3, channels: view.extent) { means[$0] }
                try give(4, channels: view.extent) { variances[$0] }
                return (means.elements, variances.elements)
            }

            private func give(_ index: Int, channels: Int, _ value: (Int) -> Double) throws {
                guard context.isWanted(index) else { return }
                let values = try context.scratch(Double.self, count: channels)
                for channel in 0..<channels { values[channel] = value(channel) }
                try Conversion.copy(values.elements, to: try context.output(index))
            }
        }
    }
}
