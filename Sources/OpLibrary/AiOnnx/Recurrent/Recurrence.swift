internal import Bytes
internal import Tensors

/// One run of a recurrent operator over the steps of its sequences.
struct Recurrence<T: Arithmetic & BinaryFloatingPoint>: Sendable {
    let attributes: RecurrentAttributes
    let steps: Int
    let batches: Int
    let hidden: Int
    private let inputSize: Int
    /// Steps of each sequence.
    private let lengths: [Int]
    private let x: Elements<T>
    private let w: Elements<T>
    private let r: Elements<T>
    private let b: Elements<T>?

    /// Throws `.shape` for a length beyond the steps.
    init(_ attributes: RecurrentAttributes, _ context: RunContext) throws {
        self.attributes = attributes
        let (input, recurrent) = (try context.input(0), try context.input(2))
        (steps, batches) = attributes.isBatchFirst ? (input.shape[1], input.shape[0]) : (input.shape[0], input.shape[1])
        (inputSize, hidden) = (input.shape[2], recurrent.shape[2])
        x = try input.elements(T.self)
        w = try context.input(1).elements(T.self)
        r = try recurrent.elements(T.self)
        b = try context.optionalInput(3)?.elements(T.self)
        // Before any list of that length.
        _ = try context.scratch(T.elementType, [batches, hidden])
        lengths = try context.optionalInput(4)?.ints() ?? Array(repeating: steps, count: batches)
        for length in lengths where length < 0 || length > steps {
            throw ONNXError(.shape, "sequence_lens holds \(length); 0 to \(steps) expected")
        }
    }

    private var rows: Int { attributes.gates * hidden }

    /// Element `index` of bias `gate` of `direction`; those of W come first, those of R follow.
    func bias(_ direction: Int, gate: Int, _ index: Int) -> T { b?[(direction * 2 * attributes.gates + gate) * hidden + index] ?? 0 }

    /// Where the state of a sequence stands in `initial_h` and `Y_h`.
    private func place(_ direction: Int, _ batch: Int) -> Int {
        (attributes.isBatchFirst ? batch * attributes.directions + direction : direction * batches + batch) * hidden
    }

    /// A state of every sequence, from input `input` or 0.
    func state(_ direction: Int, input: Int, _ context: RunContext) throws -> MutableElements<T> {
        let result = try context.scratch(T.elementType, [batches, hidden]).elements(T.self)
        result.fill(0)
        guard let initial = try context.optionalInput(input)?.elements(T.self) else { return result }
        for batch in 0..<batches { result.copy(initial, from: place(direction, batch), count: hidden, to: batch * hidden) }
        return result
    }

    /// Writes a state to output `output`.
    func store(_ state: MutableElements<T>, _ direction: Int, output: Int, _ context: RunContext) throws {
        guard context.isWanted(output) else { return }
        let target = try context.output(output).elements(T.self)
        for batch in 0..<batches { target.copy(state.elements, from: batch * hidden, count: hidden, to: place(direction, batch)) }
    }

    /// The rows of R that belong to `gates` of `direction`.
    func recurrent(_ direction: Int, gates: Range<Int>, _ context: RunContext) throws -> GateMatrix<T> {
        try GateMatrix(
            r, offset: (direction * rows + gates.lowerBound * hidden) * hidden, rows: gates.count * hidden, depth: hidden, context: context)
    }

    /// What X adds to every gate in a direction: a row for each step of each sequence, in X's order.
    func inputGates(_ direction: Int, into gates: MutableElements<T>, _ context: RunContext) throws {
        let matrix = try GateMatrix(w, offset: direction * rows * inputSize, rows: rows, depth: inputSize, context: context)
        try matrix.multiply(x, rows: steps * batches, into: gates, context)
    }

    /// Memory for `inputGates`.
    func gateRoom(_ context: RunContext) throws -> MutableElements<T> {
        try context.scratch(T.elementType, [steps, batches, rows]).elements(T.self)
    }

    /// Lets `cell` bring `state` one step on, from the first to the last of a direction.
    ///
    /// It is given the row of `inputGates` for each sequence, -1 for one that is over and keeps its state.
    func walk(_ direction: Int, state: MutableElements<T>, _ context: RunContext, cell: (_ rows: [Int]) throws -> Void) throws {
        let y = context.isWanted(0) ? try context.output(0).elements(T.self) : nil
        let directions = attributes.directions
        for step in 0..<steps {
            try context.checkDeadline()
            let times = lengths.map { $0 <= step ? -1 : attributes.isReversed(direction) ? $0 - 1 - step : step }
            try cell(times.indices.map { times[$0] < 0 ? -1 : attributes.isBatchFirst ? $0 * steps + times[$0] : times[$0] * batches + $0 })
            guard let y else { continue }
            for (batch, time) in times.enumerated() {
                // A sequence that is over leaves zeros behind its end.
                let target = time < 0 ? step : time
                let place = attributes.isBatchFirst ? (batch * steps + target) * directions + direction : (target * directions + direction) * batches + batch
                if time < 0 {
                    y.fill(0, in: place * hidden..<(place + 1) * hidden)
                } else {
                    y.copy(state.elements, from: batch * hidden, count: hidden, to: place * hidden)
                }
            }
        }
    }
}

/// Rows of weights, each of which makes one column of a product.
struct GateMatrix<T: Arithmetic & BinaryFloatingPoint>: Sendable {
    private let weights: Elements<T>
    private let offset: Int
    private let rows: Int
    private let depth: Int
    private let packed: PackedMatrix?

    init(_ weights: Elements<T>, offset: Int, rows: Int, depth: Int, context: RunContext) throws {
        (self.weights, self.offset, self.rows, self.depth) = (weights, offset, rows, depth)
        packed = try (weights as? Elements<Float>).map {
            try PackedMatrix(
                $0, offset: offset, rows: depth, columns: rows, isTransposed: true, storage: context.host.scratch(byteCount:),
                parallel: { try context.parallel($0, grain: $1, $2) })
        }
    }

    /// y = x weights', for `count` rows of x.
    func multiply(_ x: Elements<T>, rows count: Int, into y: MutableElements<T>, _ context: RunContext) throws {
        if let packed, let x = x as? Elements<Float>, let y = y as? MutableElements<Float> {
            return try MatrixProduct.multiply(x, rows: count, by: packed, into: y, context: context)
        }
        let (weights, offset, rows, depth) = (weights, offset, rows, depth)
        try context.parallel(count, grain: Swift.max(1, 65_536 / Swift.max(1, rows * depth))) { range in
            for row in range {
                for column in 0..<rows {
                    var sum: T = 0
                    for inner in 0..<depth { sum += x[row * depth + inner] * weights[offset + column * depth + inner] }
                    y[row * rows + column] = sum
                }
            }
        }
    }
}
