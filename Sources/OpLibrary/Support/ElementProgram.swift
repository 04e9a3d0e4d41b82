internal import Bytes
internal import CKernels
internal import GraphIR
internal import Tensors

/// Element-wise functions, each of inputs and of what earlier ones give; the last one's is the result.
package struct ElementProgram: Sendable {
    /// One function. Operands below the number of inputs are inputs, those from there on earlier steps.
    package struct Step: Sendable, CustomStringConvertible {
        package let function: ElementFunction
        package let operands: [Int]

        package init(_ function: ElementFunction, _ operands: [Int]) {
            self.function = function
            self.operands = operands
        }

        /// As an attribute says it: `Mul 0 2`.
        package var description: String { ([function.rawValue] + operands.map(String.init)).joined(separator: " ") }
    }

    package let inputCount: Int
    package let steps: [Step]
    /// The inputs that are conditions.
    package let conditions: Set<Int>
    private let kernelSteps: [ck_step]

    /// Throws `.malformed` for operands that aren't there or of the wrong kind, `.unsupported` for more values at once than a kernel keeps.
    package init(_ steps: [Step], inputCount: Int) throws {
        guard !steps.isEmpty, steps.count + inputCount <= Int(UInt8.max) else {
            throw ONNXError(.malformed, "a program of \(inputCount) inputs and \(steps.count) steps; 1 to \(UInt8.max) of both together expected")
        }
        var conditions: Set<Int> = []
        var numbers: Set<Int> = []
        for (index, step) in steps.enumerated() {
            let known = 0..<inputCount + index
            guard step.operands.count == step.function.operandCount, step.operands.allSatisfy(known.contains) else {
                throw ONNXError(.malformed, "step \(index) is '\(step)'; \(step.function.operandCount) operands below \(known.upperBound) expected")
            }
            for (place, operand) in step.operands.enumerated() {
                if place == 0 && step.function.takesCondition { conditions.insert(operand) } else { numbers.insert(operand) }
            }
        }
        guard conditions.isDisjoint(with: numbers), conditions.allSatisfy({ $0 < inputCount }) else {
            throw ONNXError(.malformed, "a condition is read as a number, or is no input")
        }
        self.steps = steps
        self.inputCount = inputCount
        self.conditions = conditions
        kernelSteps = try Self.assignRegisters(steps, inputCount)
    }

    /// Reads `Mul 0 2` and the like.
    package init(_ texts: [String], inputCount: Int) throws {
        let steps = try texts.map { text in
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            let operands = parts.dropFirst().compactMap { Int($0) }
            guard let function = parts.first.flatMap({ ElementFunction(rawValue: String($0)) }), operands.count == parts.count - 1 else {
                throw ONNXError(.malformed, "'\(quoted(text))' is no step; a function and the numbers of its operands expected, as 'Mul 0 1'")
            }
            return Step(function, operands)
        }
        try self.init(steps, inputCount: inputCount)
    }

    /// Gives each step's result a register until its last use.
    private static func assignRegisters(_ steps: [Step], _ inputCount: Int) throws -> [ck_step] {
        var lastUse = Array(steps.indices)
        for (index, step) in steps.enumerated() {
            for operand in step.operands where operand >= inputCount { lastUse[operand - inputCount] = index }
        }
        var free = Array((0..<Int(CK_PROGRAM_REGISTERS)).reversed())
        var registers: [Int] = []
        return try steps.enumerated().map { index, step in
            let places = step.operands.map { $0 < inputCount ? $0 : inputCount + registers[$0 - inputCount] }
            for operand in Set(step.operands) where operand >= inputCount && lastUse[operand - inputCount] == index {
                free.append(registers[operand - inputCount])
            }
            guard let register = free.popLast() else {
                throw ONNXError(.unsupported, "more than \(CK_PROGRAM_REGISTERS) values of the program are alive at step \(index)")
            }
            registers.append(register)
            if lastUse[index] == index { free.append(register) }
            func place(_ operand: Int) -> UInt8 { operand < places.count ? UInt8(places[operand]) : 0 }
            let kernel = step.function.kernel
            return ck_step(kind: kernel.kind, function: Int32(kernel.function), operands: (place(0), place(1), place(2)), target: UInt8(register))
        }
    }

    /// y = the program of the inputs, broadcast.
    func run(_ inputs: [Tensor], to output: MutableTensor, _ context: RunContext) throws {
        let streams = try inputs.enumerated().map { try Stream($1, isCondition: conditions.contains($0)) }
        precondition(streams.count == inputCount, "one tensor an input")
        let (y, steps) = (try output.elements(Float.self), kernelSteps)
        let walk = BroadcastWalk(inputs.map(\.shape), to: output.shape)
        let grain = Swift.max(Int(CK_PROGRAM_BLOCK), ElementLoop.grain / steps.count)
        try context.parallel(y.count, grain: grain) { part in
            unsafe steps.withUnsafeBufferPointer { steps in
                guard let first = steps.baseAddress else { return }
                var program = unsafe ck_program(input_count: streams.count, step_count: steps.count, steps: first)
                var forms: [ck_stream] = unsafe []
                unsafe forms.reserveCapacity(streams.count)
                walk.forEachSegment(of: part) { run, offset, count in
                    unsafe forms.removeAll(keepingCapacity: true)
                    for (index, stream) in streams.enumerated() {
                        let (first, step) = (walk.start(index, run: run), walk.steps[index])
                        unsafe forms.append(stream.kernelForm(from: first &+ offset &* step, count: step == 0 ? 1 : count, repeats: step == 0))
                    }
                    let start = run &* walk.runLength &+ offset
                    unsafe y.withPointer(start..<start &+ count) { result in
                        unsafe ck_kernels().pointee.program_f32(&program, &forms, result, count)
                    }
                }
            }
            withExtendedLifetime(streams) {}
        }
    }

    /// The elements of an input.
    private enum Stream: Sendable {
        case numbers(Elements<Float>)
        case conditions(Elements<TensorBool>)

        init(_ tensor: Tensor, isCondition: Bool) throws {
            self = isCondition ? .conditions(try tensor.elements()) : .numbers(try tensor.elements())
        }

        /// `count` of the elements. The pointer is good as long as the stream is there.
        func kernelForm(from start: Int, count: Int, repeats: Bool) -> ck_stream {
            switch self {
            case .numbers(let elements):
                unsafe elements.withPointer(start..<start &+ count) { unsafe ck_stream(data: $0, is_condition: false, repeats: repeats) }
            case .conditions(let elements):
                unsafe elements.withPointer(start..<start &+ count) { unsafe ck_stream(data: $0, is_condition: true, repeats: repeats) }
            }
        }
    }
}
