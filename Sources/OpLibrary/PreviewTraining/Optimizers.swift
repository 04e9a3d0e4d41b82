internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// ONNX's operators for training. https://onnx.ai/onnx/operators/index.html#ai-onnx-preview-training
package enum PreviewTraining {
    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] = [
        Adagrad.self,
        Adam.self,
        Momentum.self,
    ]
}

/// An element under optimisation and what the optimiser remembers of it; optimisers with one memory leave the second alone.
package struct OptimizedElement: Sendable {
    var x: Double
    var first: Double
    var second: Double
}

/// The shared body of the optimisers. Inputs are rate and count of updates, then all variables, all gradients and all memories of each kind.
package protocol Optimizer: Operator {
    /// How many memories each variable has.
    static var memoryCount: Int { get }
    /// The rate of update `count`.
    func rate(_ rate: Double, count: Int) -> Double
    func update(_ element: OptimizedElement, gradient: Double, rate: Double, count: Int) -> OptimizedElement
}

extension Optimizer {
    package func infer(_ types: Inference) throws {
        let variables = try Self.variableCount(inputs: types.inputCount)
        for group in 0...Self.memoryCount {
            for index in 0..<variables {
                // The gradients lie between the variables and the memories.
                let input = 2 + (group == 0 ? 0 : group + 1) * variables + index
                types.set(group * variables + index, types.element(input), types.shape(input))
            }
        }
        for input in 0..<2 where types.shape(input)?.contains(where: { $0.size.map { $0 != 1 } ?? false }) == true {
            throw ONNXError(.shape, "'\(input == 0 ? "R" : "T")' is \(types.type(input)?.description ?? ""), one element expected")
        }
    }

    private static func variableCount(inputs: Int) throws -> Int {
        let groups = memoryCount + 2
        guard inputs > 2, (inputs - 2) % groups == 0 else {
            throw ONNXError(.shape, "\(inputs - 2) tensors to optimise; a multiple of \(groups) expected: variables, gradients and memories")
        }
        return (inputs - 2) / groups
    }

    package func run(_ context: RunContext) throws {
        let variables = try Self.variableCount(inputs: context.inputCount)
        let (rates, counts) = (try Conversion.doubles(try context.input(0), context), try context.input(1).ints())
        guard rates.count == 1, counts.count == 1 else { throw ONNXError(.shape, "one rate and one count expected") }
        let (count, rate) = (counts[0], rate(rates[0], count: counts[0]))
        for variable in 0..<variables {
            let tensors = try (0..<Self.memoryCount + 2).map { try context.input(2 + $0 * variables + variable) }
            guard tensors.allSatisfy({ $0.shape == tensors[0].shape }) else {
                throw ONNXError(.shape, "variable \(variable) is \(tensors[0]), but its gradient and memories are \(tensors.dropFirst().map(\.description))")
            }
            let inputs = try tensors.map { try Conversion.doubles($0, context) }
            let results = try (0...Self.memoryCount).map { _ in try context.scratch(Double.self, count: tensors[0].count) }
            try context.parallel(tensors[0].count, grain: ElementLoop.grain / 4) { part in
                for index in part {
                    let old = OptimizedElement(x: inputs[0][index], first: inputs[2][index], second: Self.memoryCount > 1 ? inputs[3][index] : 0)
                    let new = update(old, gradient: inputs[1][index], rate: rate, count: count)
                    results[0][index] = new.x
                    results[1][index] = new.first
                    if Self.memoryCount > 1 { results[2][index] = new.second }
                }
            }
            for (group, result) in results.enumerated() {
                try Conversion.copy(result.elements, to: try context.output(group * variables + variable))
            }
        }
    }
}

extension OperatorSchema {
    fileprivate static func optimizer(_ name: String, _ attributes: [AttributeSchema]) -> OperatorSchema {
        OperatorSchema(
            name, domain: "ai.onnx.preview.training", since: [1],
            inputs: [.one("R", "T1"), .one("T", "T2"), .variadic("inputs", "T3", isHomogeneous: false)],
            outputs: [.variadic("outputs", "T3", isHomogeneous: false)], attributes: attributes,
            types: ["T1": .tensors(.float, .double), "T2": .tensors(.int64), "T3": .tensors(.float, .double)])
    }
}

extension PreviewTraining {
    /// One step of ADAGRAD. https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adagrad.html
    package struct Adagrad: Optimizer {
        package static let schema = OperatorSchema.optimizer(
            "Adagrad",
            [.defaulted("decay_factor", .float(0)), .defaulted("epsilon", .float(1e-6)), .defaulted("norm_coefficient", .float(0))])
        package static let memoryCount = 1
        private let decay: Double
        private let epsilon: Double
        private let penalty: Double

        package init(_ node: NodeReader) throws {
            decay = Double(try node.float("decay_factor"))
            epsilon = Double(try node.float("epsilon"))
            penalty = Double(try node.float("norm_coefficient"))
        }

        package func rate(_ rate: Double, count: Int) -> Double { rate / (1 + Double(count) * decay) }

        package func update(_ element: OptimizedElement, gradient: Double, rate: Double, count: Int) -> OptimizedElement {
            let slope = penalty * element.x + gradient
            let squares = element.first + slope * slope
            return OptimizedElement(x: element.x - rate * slope / (squares.squareRoot() + epsilon), first: squares, second: 0)
        }
    }

    /// One step of Adam. https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html
    package struct Adam: Optimizer {
        package static let schema = OperatorSchema.optimizer(
            "Adam",
            [
                .defaulted("alpha", .float(0.9)), .defaulted("beta", .float(0.999)), .defaulted("epsilon", .float(1e-6)),
                .defaulted("norm_coefficient", .float(0)), .defaulted("norm_coefficient_post", .float(0)),
            ])
        package static let memoryCount = 2
        private let alpha: Double
        private let beta: Double
        private let epsilon: Double
        private let penalty: Double
        private let penaltyAfter: Double

        package init(_ node: NodeReader) throws {
            alpha = Double(try node.float("alpha"))
            beta = Double(try node.float("beta"))
            epsilon = Double(try node.float("epsilon"))
            penalty = Double(try node.float("norm_coefficient"))
            penaltyAfter = Double(try node.float("norm_coefficient_post"))
        }

        package func rate(_ rate: Double, count: Int) -> Double {
            count > 0 ? rate * (1 - pow(beta, Double(count))).squareRoot() / (1 - pow(alpha, Double(count))) : rate
        }

        package func update(_ element: OptimizedElement, gradient: Double, rate: Double, count: Int) -> OptimizedElement {
            let slope = penalty * element.x + gradient
            let momentum = alpha * element.first + (1 - alpha) * slope
            let squares = beta * element.second + (1 - beta) * slope * slope
            let x = element.x - rate * momentum / (squares.squareRoot() + epsilon)
            return OptimizedElement(x: (1 - penaltyAfter) * x, first: momentum, second: squares)
        }
    }

    /// One step of descent with momentum, or with Nesterov's. https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Momentum.html
    package struct Momentum: Optimizer {
        package static let schema = OperatorSchema.optimizer(
            "Momentum",
            [.required("alpha", .float), .required("beta", .float), .required("mode", .string), .required("norm_coefficient", .float)])
        package static let memoryCount = 1
        private enum Mode: String, CaseIterable { case standard, nesterov }
        private let alpha: Double
        private let beta: Double
        private let penalty: Double
        private let looksAhead: Bool

        package init(_ node: NodeReader) throws {
            alpha = Double(try node.float("alpha"))
            beta = Double(try node.float("beta"))
            penalty = Double(try node.float("norm_coefficient"))
            looksAhead = try node.choice("mode", Mode.self) == .nesterov
        }

        package func rate(_ rate: Double, count: Int) -> Double { rate }

        package func update(_ element: OptimizedElement, gradient: Double, rate: Double, count: Int) -> OptimizedElement {
            let slope = penalty * element.x + gradient
            let momentum = alpha * element.first + (count > 0 ? beta : 1) * slope
            let step = looksAhead ? slope + alpha * momentum : momentum
            return OptimizedElement(x: element.x - rate * step, first: momentum, second: 0)
        }
    }
}
