internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Sums of products over named axes. https://onnx.ai/onnx/operators/onnx__Einsum.html
    package struct Einsum: Operator {
        package static let schema = OperatorSchema(
            "Einsum", since: [12, 28],
            inputs: [.variadic("Inputs", "T")], outputs: [.one("Output", "T")],
            attributes: [.required("equation", .string)], types: ["T": .tensors(.numeric)])

        private let equation: EinsumEquation

        package init(_ node: NodeReader) throws {
            equation = try EinsumEquation(try node.string("equation"))
            guard equation.operands.count == node.inputCount else {
                throw ONNXError(.malformed, "the equation has \(equation.operands.count) operands, the node has \(node.inputCount) inputs")
            }
        }

        package func infer(_ types: Inference) throws {
            let shapes = (0..<types.inputCount).map { types.shape($0) }
            guard shapes.allSatisfy({ $0 != nil }) else { return types.set(0, types.element(0), nil) }
            let ranks = shapes.map { $0?.count ?? 0 }
            let labels = try equation.labels(ranks: ranks)
            var sizes: [EinsumEquation.Label: Dimension] = [:]
            for (operand, shape) in zip(labels.operands, shapes) {
                for (label, dimension) in zip(operand, shape ?? []) { sizes[label] = try Self.merge(sizes[label], dimension, label) }
            }
            types.set(0, types.element(0), labels.output.map { sizes[$0] ?? .unknown })
        }

        private static func merge(_ a: Dimension?, _ b: Dimension, _ label: EinsumEquation.Label) throws -> Dimension {
            guard let a, a != .known(1) else { return b }
            guard b != .known(1) else { return a }
            if let m = a.size, let n = b.size, m != n { throw ONNXError(.shape, "axis \(label.text) has extents \(m) and \(n); they must be equal") }
            return a.size == nil ? b : a
        }

        package func run(_ context: RunContext) throws {
            let inputs = try (0..<context.inputCount).map { try context.input($0) }
            let labels = try equation.labels(ranks: inputs.map(\.rank))
            let y = try context.output()
            try y.elementType.visit(Loop(inputs: inputs, labels: labels, y: y, context: context))
        }

        /// Walks output and summed axes with an odometer; each operand keeps its own index.
        private struct Loop: ElementVisitor {
            let inputs: [Tensor]
            let labels: EinsumEquation.Labels
            let y: MutableTensor
            let context: RunContext

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let result = try y.elements(T.self)
                let operands = try inputs.map { try $0.elements(T.self) }
                var sizes: [EinsumEquation.Label: Int] = [:]
                for (operand, input) in zip(labels.operands, inputs) {
                    for (label, size) in zip(operand, input.shape) where sizes[label].map({ $0 == 1 }) ?? true { sizes[label] = size }
                }
                let summed = sizes.keys.filter { !labels.output.contains($0) }.sorted()
                let axes = labels.output + summed
                let extents = axes.map { sizes[$0] ?? 1 }
                let steps = zip(labels.operands, inputs).map { operand, input in
                    let strides = Shape.strides(input.shape)
                    return axes.map { axis in operand.indices.reduce(0) { $0 &+ (operand[$1] == axis && input.shape[$1] != 1 ? strides[$1] : 0) } }
                }
                let inner = Shape.product(extents.dropFirst(labels.output.count))
                var odometer = [Int](repeating: 0, count: axes.count)
                var places = [Int](repeating: 0, count: operands.count)
                for index in result.indices {
                    var sum = T.zero
                    for _ in 0..<inner {
                        var product = operands[0][places[0]]
                        for operand in 1..<operands.count { product = T.multiply(product, operands[operand][places[operand]]) }
                        sum = T.add(sum, product)
                        advance(&odometer, &places, extents, steps)
                    }
                    if inner == 0 { advanceOuter(&odometer, &places, extents, steps) }
                    result[index] = sum
                    if index & 0xFFF == 0 { try context.checkDeadline() }
                }
            }

            private func advance(_ odometer: inout [Int], _ places: inout [Int], _ extents: [Int], _ steps: [[Int]], from last: Int? = nil) {
                for axis in stride(from: last ?? extents.count - 1, through: 0, by: -1) {
                    odometer[axis] += 1
                    for operand in places.indices { places[operand] &+= steps[operand][axis] }
                    if odometer[axis] < extents[axis] { return }
                    for operand in places.indices { places[operand] &-= steps[operand][axis] &* extents[axis] }
                    odometer[axis] = 0
                }
            }

            /// Nothing is summed: only the output's axes move.
            private func advanceOuter(_ odometer: inout [Int], _ places: inout [Int], _ extents: [Int], _ steps: [[Int]]) {
                advance(&odometer, &places, extents, steps, from: labels.output.count - 1)
            }
        }
    }
}

/// The terms of an Einsum equation such as `bij,bjk->bik`; `...` stands for leading axes that broadcast.
package struct EinsumEquation: Sendable {
    /// A letter, or an axis of the ellipsis counted from its end.
    package enum Label: Hashable, Comparable, Sendable {
        case letter(Character)
        case ellipsis(Int)

        /// As messages name it.
        var text: String {
            switch self {
            case .letter(let letter): "'\(letter)'"
            case .ellipsis(let index): "\(index) of the ellipsis"
            }
        }
    }

    /// Labels of each axis for inputs of known ranks.
    package struct Labels: Sendable {
        package let operands: [[Label]]
        package let output: [Label]
    }

    package let operands: [[Character]]
    private let output: [Character]?
    private static let ellipsis: Character = "…"

    /// Throws `.malformed` for anything but letters, ellipses, commas and one arrow.
    package init(_ text: String) throws {
        let packed = text.filter { !$0.isWhitespace }.replacing("...", with: String(Self.ellipsis))
        let sides = packed.split(separator: "->", omittingEmptySubsequences: false)
        guard (1...2).contains(sides.count) else { throw ONNXError(.malformed, "equation '\(text)' has more than one ->") }
        operands = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
        output = sides.count == 2 ? Array(sides[1]) : nil
        for term in operands + [output ?? []] {
            guard term.allSatisfy({ $0.isASCII && $0.isLetter || $0 == Self.ellipsis }), term.count(where: { $0 == Self.ellipsis }) <= 1 else {
                throw ONNXError(.malformed, "equation '\(text)' may hold letters, one ... a term, commas and one ->")
            }
        }
        if let output {
            let known = Set(operands.joined())
            guard Set(output).count == output.count, output.allSatisfy({ known.contains($0) || $0 == Self.ellipsis }) else {
                throw ONNXError(.malformed, "equation '\(text)' gives an output axis that is repeated or in no operand")
            }
        }
    }

    /// Throws `.shape` when a term doesn't have as many axes as its input.
    package func labels(ranks: [Int]) throws -> Labels {
        var widest = 0
        let inputs = try zip(operands, ranks).enumerated().map { index, operand in
            let (term, rank) = operand
            let letters = term.count(where: { $0 != Self.ellipsis })
            let width = rank - letters
            guard term.contains(Self.ellipsis) ? width >= 0 : width == 0 else {
                throw ONNXError(.shape, "term \(index) '\(String(term))' names \(letters) axes, its input has \(rank)")
            }
            widest = Swift.max(widest, width)
            return expand(term, width)
        }
        if let output { return Labels(operands: inputs, output: expand(output, widest)) }
        let all = inputs.joined()
        let once = Set(all).filter { label in all.count(where: { $0 == label }) == 1 }
        let letters = once.filter { if case .letter = $0 { true } else { false } }.sorted()
        return Labels(operands: inputs, output: expand([Self.ellipsis], widest) + letters)
    }

    private func expand(_ term: [Character], _ width: Int) -> [Label] {
        term.flatMap { $0 == Self.ellipsis ? (0..<width).map { .ellipsis(width - $0) } : [Label.letter($0)] }
    }
}
