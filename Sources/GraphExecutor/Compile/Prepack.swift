internal import OpLibrary
internal import Parallelism

extension Program {
    /// Lets every operator bring its constant inputs into the layout that its kernel wants, several at a time.
    mutating func prepack(_ pool: ThreadPool) throws {
        let constants = self.constants
        let packed = Locked(steps.map(\.operation))
        let steps = self.steps
        try pool.parallel(steps.count, grain: 1) { range in
            for index in range {
                var operation = steps[index].operation
                try operation.prepack(Constants(steps[index].inputs.map { $0.flatMap { constants[$0] } }))
                packed.withLock { [operation] in $0[index] = operation }
            }
        }
        let operations = packed.withLock { $0 }
        for index in steps.indices {
            self.steps[index].operation = operations[index]
            for name in steps[index].bodies.keys { try self.steps[index].bodies[name]?.prepack(pool) }
        }
    }
}
