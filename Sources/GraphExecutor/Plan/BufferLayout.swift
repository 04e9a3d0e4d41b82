internal import Bytes
internal import OpLibrary
internal import Tensors

/// Which buffer each value of a stretch lies in: views share one, and so do values that take over the memory of another.
struct BufferLayout {
    private struct Buffer {
        var byteCount: Int
        /// Positions among the steps that run.
        var first: Int
        var last: Int
        /// Read after the stretch, so that each run makes it anew.
        var leaves: Bool
    }

    private let program: Program
    /// The first step of the program after the stretch.
    private let end: Int
    private var buffers: [Buffer] = []
    private var bufferOf: [Program.ID: Int] = [:]
    private var membersOf: [[Program.ID]] = []
    private var types: [Program.ID: (ElementType, [Int])] = [:]
    private var own: Set<Program.ID> = []

    init(program: Program, end: Int) {
        self.program = program
        self.end = end
    }

    private func leaves(_ id: Program.ID) -> Bool { program.lastRead[id] >= end }

    /// Gives each output of a step a buffer.
    mutating func add(_ step: Program.Step, index: Int, position: Int, inference: Inference, known: [Program.ID: Tensor]) {
        for id in step.inputs.compactMap({ $0 }) {
            if let buffer = bufferOf[id] { buffers[buffer].last = position }
        }
        let layout = step.operation.layout(inference)
        for (output, id) in step.outputs.enumerated() {
            guard let id, program.isRead[id] else { continue }
            guard let element = inference.outputs[output]?.elementType, element != .string, let shape = inference.outputs[output]?.knownShape,
                let bytes = (try? Shape.count(shape)).flatMap({ try? Shape.byteCount($0, element) })
            else {
                own.insert(id)
                continue
            }
            types[id] = (element, shape)
            if layout.bounded[output] != nil {
                own.insert(id)
                continue
            }
            if let source = layout.views[output] {
                guard let input = step.inputs[source], let buffer = bufferOf[input] else {
                    own.insert(id)
                    continue
                }
                join(id, buffer)
            } else if output == 0, let buffer = overwritable(layout, step, index, bytes, id, known) {
                join(id, buffer)
            } else {
                bufferOf[id] = buffers.count
                membersOf.append([id])
                buffers.append(Buffer(byteCount: bytes, first: position, last: position, leaves: leaves(id)))
            }
        }
    }

    private mutating func join(_ id: Program.ID, _ buffer: Int) {
        bufferOf[id] = buffer
        membersOf[buffer].append(id)
        if leaves(id) { buffers[buffer].leaves = true }
    }

    /// The buffer of an input that nobody else reads any more and that is as large as the output.
    private func overwritable(
        _ layout: Layout, _ step: Program.Step, _ index: Int, _ bytes: Int, _ id: Program.ID, _ known: [Program.ID: Tensor]
    ) -> Int? {
        for source in layout.overwritable where source < step.inputs.count {
            guard let input = step.inputs[source], let buffer = bufferOf[input], let type = types[input], let target = types[id],
                type.0 == target.0, type.1 == target.1, buffers[buffer].byteCount == bytes, !buffers[buffer].leaves, !leaves(id),
                membersOf[buffer].allSatisfy({ program.lastRead[$0] <= index }),
                step.inputs.filter({ $0.flatMap { bufferOf[$0] } == buffer }).count == 1
            else { continue }
            return buffer
        }
        return nil
    }

    /// The plan. `steps` are those that were added, in their order.
    mutating func finish(
        _ steps: [(index: Int, inference: Inference)], known: [Program.ID: Tensor], given: Set<Program.ID>, bounded: [Program.ID: Int], open: Int?
    ) throws -> Plan {
        if let open {
            for id in program.steps[open].inputs.compactMap({ $0 }) + program.steps[open].captured {
                if let buffer = bufferOf[id] { buffers[buffer].last = steps.count }
            }
        }
        let placed = buffers.indices.filter { !buffers[$0].leaves }
        guard let memory = MemoryPlan(placed.map { BufferUse(byteCount: buffers[$0].byteCount, first: buffers[$0].first, last: buffers[$0].last) }) else {
            throw ONNXError(.limit, "the graph's values under these shapes have more bytes than 64 bits can count")
        }
        let offsets = Dictionary(uniqueKeysWithValues: zip(placed, memory.offsets))
        var places: [Program.ID: Plan.Place] = [:]
        for (id, tensor) in known where !given.contains(id) { places[id] = .known(tensor) }
        for id in own.union(given) { places[id] = .own }
        for (id, buffer) in bufferOf {
            guard let (element, shape) = types[id] else { continue }
            places[id] = offsets[buffer].map { .arena(offset: $0, element, shape) } ?? .own
        }
        let knownAfterwards = known.filter { !given.contains($0.key) && program.constants[$0.key] == nil && leaves($0.key) }
        return Plan(
            steps: runningSteps(steps, places, bounded), open: open, end: end, places: places, bounded: bounded,
            knownAfterwards: knownAfterwards.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, arenaByteCount: memory.byteCount,
            peak: peak(steps, placed))
    }

    /// Steps that only give another view of the arena need not run.
    private func runningSteps(
        _ steps: [(index: Int, inference: Inference)], _ places: [Program.ID: Plan.Place], _ bounded: [Program.ID: Int]
    ) -> [Plan.Step] {
        let running = steps.filter { index, inference in
            let step = program.steps[index]
            let views = step.operation.layout(inference).views
            return step.outputs.enumerated().contains { output, id in
                guard let id, program.isRead[id] else { return false }
                if views[output] != nil, case .arena? = places[id] { return false }
                return true
            }
        }
        var dying: [[Program.ID]] = Array(repeating: [], count: running.count)
        for (id, place) in places {
            guard case .own = place, !leaves(id) else { continue }
            let position = running.partitioningIndex { $0.index >= program.lastRead[id] }
            guard position < running.count else { continue }
            dying[position].append(id)
        }
        return running.enumerated().map { position, entry in
            let step = program.steps[entry.index]
            let patches = step.inputs.indices.filter { input in
                guard let id = step.inputs[input], case .own? = places[id] else { return false }
                return true
            }
            return Plan.Step(
                index: entry.index, outputTypes: entry.inference.outputs, wanted: step.outputs.map { $0.map { program.isRead[$0] } ?? false },
                patches: patches,
                bounded: step.inputs.indices.filter { input in step.inputs[input].map { bounded[$0] != nil && !patches.contains(input) } ?? false },
                dying: dying[position].sorted())
        }
    }

    private func peak(_ steps: [(index: Int, inference: Inference)], _ placed: [Int]) -> (step: Int, byteCount: Int) {
        var change = [Int](repeating: 0, count: steps.count + 2)
        for buffer in placed.map({ buffers[$0] }) {
            change[buffer.first] &+= buffer.byteCount
            change[buffer.last + 1] &-= buffer.byteCount
        }
        var live = 0
        var best = (step: steps.first?.index ?? 0, byteCount: 0)
        for (position, step) in steps.enumerated() {
            live &+= change[position]
            if live > best.byteCount { best = (step.index, live) }
        }
        return best
    }
}

extension Array {
    /// The first index at which `isSecond` holds, of an array in which it holds from some index on.
    fileprivate func partitioningIndex(_ isSecond: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
