internal import OpLibrary
internal import Parallelism
internal import Tensors

extension Program {
    /// Lets every operator bring its constant inputs into the layout that its kernel wants, several at a time.
    ///
    /// A mapped weight's pages are let go once they are packed: the next one takes their place.
    mutating func prepack(_ pool: ThreadPool, forms: (any PackedForms)?) throws {
        let (names, constants, steps) = (self.names, self.constants, self.steps)
        let packed = Locked(steps.map(\.operation))
        try pool.parallel(steps.count, grain: 1) { range in
            for index in range {
                var operation = steps[index].operation
                let inputs = steps[index].inputs.map { $0.flatMap { id in constants[id].map { (name: names[id], tensor: $0) } } }
                try operation.prepack(Constants(inputs, forms: forms))
                for case let input? in inputs { input.tensor.releasePages() }
                packed.withLock { [operation] in $0[index] = operation }
            }
        }
        let operations = packed.withLock { $0 }
        for index in steps.indices {
            self.steps[index].operation = operations[index]
            for name in steps[index].bodies.keys { try self.steps[index].bodies[name]?.prepack(pool, forms: nil) }
        }
    }
}
