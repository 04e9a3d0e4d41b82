internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Runs a subgraph over the entries of axes, carrying state. https://onnx.ai/onnx/operators/onnx__Scan.html
    package struct Scan: Operator {
        package static let schema = OperatorSchema(
            "Scan", since: [8, 9, 11, 16, 19, 21, 23, 24, 25],
            inputs: [
                .optional("sequence_lens", "I", until: 8), .variadic("initial_state_and_scan_inputs", "V", isHomogeneous: false),
            ], outputs: [.variadic("final_state_and_scan_outputs", "V", isHomogeneous: false)],
            attributes: [
                .required("body", .graph), .required("num_scan_inputs", .int), .optional("directions", .ints, until: 8),
                .optional("scan_input_axes", .ints, since: 9), .optional("scan_input_directions", .ints, since: 9),
                .optional("scan_output_axes", .ints, since: 9), .optional("scan_output_directions", .ints, since: 9),
            ], types: ["I": .tensors(.int64), "V": .tensors(.all)], isDeterministic: false)
        package static let narrowTypes = NarrowTypes.asStored

        /// Version 8 has a batch axis before all others and an input of lengths before all others.
        private let isBatched: Bool
        private let stateCount: Int
        private let inputAxes: [Int]
        private let inputsReversed: [Bool]
        private let outputAxes: [Int]
        private let outputsReversed: [Bool]

        private var firstInput: Int { isBatched ? 1 : 0 }

        package init(_ node: NodeReader) throws {
            isBatched = node.version == 8
            let body = try node.graph("body")
            let (values, scanned) = (node.inputCount - (isBatched ? 1 : 0), try node.int("num_scan_inputs"))
            guard scanned >= 1, scanned <= values, body.inputs.count == values, body.outputs.count >= values - scanned,
                node.outputCount <= body.outputs.count
            else {
                throw ONNXError(
                    .malformed,
                    "the body has \(body.inputs.count) inputs and \(body.outputs.count) outputs, the node \(values) values, \(scanned) of them scanned")
            }
            stateCount = values - scanned
            let outputCount = body.outputs.count - stateCount
            func list(_ name: String, _ count: Int) throws -> [Int] {
                let given = node.optionalInts(name) ?? Array(repeating: 0, count: count)
                guard given.count == count else { throw ONNXError(.malformed, "attribute '\(name)' has \(given.count) entries, \(count) expected") }
                return given
            }
            inputAxes = try list("scan_input_axes", scanned)
            inputsReversed = try list(isBatched ? "directions" : "scan_input_directions", scanned).map { $0 == 1 }
            outputAxes = try list("scan_output_axes", outputCount)
            outputsReversed = try list("scan_output_directions", outputCount).map { $0 == 1 }
        }

        package func infer(_ types: Inference) throws {
            var bodyInputs: [ValueType?] = []
            var (batch, length): (Dimension, Dimension) = (.unknown, .unknown)
            for index in 0..<(stateCount + inputAxes.count) {
                var shape = types.shape(firstInput + index)
                if isBatched, let given = shape {
                    guard let first = given.first else { throw ONNXError(.shape, "input \(firstInput + index) has no batch axis") }
                    if first.size != nil { batch = first }
                    shape = Array(given.dropFirst())
                }
                if index >= stateCount, let given = shape {
                    let axis = try types.axis(inputAxes[index - stateCount], rank: given.count)
                    if let known = length.size, let found = given[axis].size, known != found {
                        throw ONNXError(.shape, "scanned inputs have \(known) and \(found) entries, equal numbers expected")
                    }
                    if length.size == nil { length = given[axis] }
                    shape?.remove(at: axis)
                }
                bodyInputs.append(.tensor(types.element(firstInput + index), shape))
            }
            let found = try types.body("body", bodyInputs)
            let outer: [Dimension] = isBatched ? [batch] : []
            for index in 0..<stateCount {
                types.set(index, types.element(firstInput + index) ?? found[index]?.elementType, bodyInputs[index]?.shape.map { outer + $0 })
            }
            for index in outputAxes.indices {
                let type = found[stateCount + index]
                guard var shape = type?.shape else {
                    types.set(stateCount + index, type?.elementType, nil)
                    continue
                }
                shape.insert(length, at: try types.axis(outputAxes[index], rank: shape.count + 1))
                types.set(stateCount + index, type?.elementType, outer + shape)
            }
        }

        package func run(_ context: RunContext) throws {
            let states = try (0..<stateCount).map { try context.input(firstInput + $0) }
            let inputs = try inputAxes.indices.map { try context.input(firstInput + stateCount + $0) }
            if isBatched { return try runBatched(context, states, inputs) }
            let axes = zip(inputs, inputAxes).map { $1 < 0 ? $1 + $0.rank : $1 }
            let results = try scan(context, states, inputs, axes: axes, length: inputs[0].shape[axes[0]])
            for (index, state) in results.states.enumerated() { context.set(index, state) }
            for (index, tensors) in results.outputs.enumerated() where context.isWanted(stateCount + index) {
                try context.stack(tensors, output: stateCount + index, axis: outputAxes[index], isReversed: outputsReversed[index])
            }
        }

        private func scan(
            _ context: RunContext, _ initial: [Tensor], _ inputs: [Tensor], axes: [Int], length: Int
        ) throws -> (states: [Tensor], outputs: [[Tensor]]) {
            var states = initial
            var results = IterationResults(count: outputAxes.count)
            for step in 0..<length {
                let entries = try inputs.indices.map { index in
                    try context.entry(inputsReversed[index] ? length - 1 - step : step, axis: axes[index], of: inputs[index])
                }
                let values = try context.runBody("body", (states + entries).map(Value.tensor))
                guard values.count == stateCount + outputAxes.count else { throw ONNXError(.shape, "the body gave \(values.count) values") }
                states = try values[..<stateCount].enumerated().map { index, value in
                    guard let tensor = value.tensor, tensor.shape == initial[index].shape, tensor.elementType == initial[index].elementType else {
                        throw ONNXError(.shape, "state \(index) turns from \(initial[index]) into \(value.type)")
                    }
                    return tensor
                }
                try results.append(values[stateCount...], context)
            }
            return (states, results.tensors)
        }

        private func runBatched(_ context: RunContext, _ states: [Tensor], _ inputs: [Tensor]) throws {
            let (batch, length) = (inputs[0].shape[0], inputs[0].shape[1])
            _ = try context.scratch(.int64, [batch, 32 + stateCount + outputAxes.count])
            let lengths = try context.optionalInput(0)?.ints() ?? Array(repeating: length, count: batch)
            guard lengths.count == batch, lengths.allSatisfy({ (0...length).contains($0) }), (states + inputs).allSatisfy({ $0.shape[0] == batch }) else {
                throw ONNXError(.shape, "sequence lengths \(Shape.text(lengths)) found, one of 0...\(length) for each of \(batch) samples expected")
            }
            let samples = try (0..<batch).map { sample in
                try scan(
                    context, try states.map { try context.entry(sample, axis: 0, of: $0) }, try inputs.map { try context.entry(sample, axis: 0, of: $0) },
                    axes: inputAxes, length: lengths[sample])
            }
            for index in 0..<stateCount where context.isWanted(index) { try context.stack(samples.map { $0.states[index] }, output: index, axis: 0) }
            for index in outputAxes.indices where context.isWanted(stateCount + index) {
                try writePadded(samples.map { $0.outputs[index] }, length: length, output: stateCount + index, context)
            }
        }

        /// The entries of each sample, zeros after the last.
        private func writePadded(_ samples: [[Tensor]], length: Int, output: Int, _ context: RunContext) throws {
            guard let first = samples.joined().first else { return try context.stack([], output: output, axis: 1) }
            guard samples.joined().allSatisfy({ $0.elementType == first.elementType && $0.shape == first.shape }) else {
                throw ONNXError(.shape, "iterations give output \(output) of different types or shapes")
            }
            let mover = try ElementMover(context, output: output, type: first.elementType, shape: [samples.count, length] + first.shape)
            try mover.fill(nil, context)
            for (sample, entries) in samples.enumerated() {
                for (step, entry) in entries.enumerated() {
                    mover.copy(try ElementMover.Source(entry), from: 0, count: first.count, to: (sample &* length &+ step) &* first.count)
                }
            }
            try mover.finish(context)
        }
    }
}
