import GraphExecutor
import Testing

@Suite struct MemoryPlannerTests {
    /// SplitMix64, so that a failing seed can be run again.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private func rounded(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

    @Test(arguments: 0..<200) func keepsLiveBuffersApart(_ seed: Int) throws {
        var random = Generator(state: UInt64(seed))
        let steps = Int.random(in: 1...40, using: &random)
        let uses = (0..<Int.random(in: 0...60, using: &random)).map { _ in
            let first = Int.random(in: 0..<steps, using: &random)
            let last = min(steps - 1, first + Int.random(in: 0...5, using: &random))
            return BufferUse(byteCount: Int.random(in: 0...5000, using: &random), first: first, last: last)
        }
        let plan = try #require(MemoryPlan(uses))
        for (index, use) in uses.enumerated() where use.byteCount > 0 {
            #expect(plan.offsets[index] % 64 == 0)
            #expect(plan.offsets[index] + use.byteCount <= plan.byteCount)
            for (other, second) in uses.enumerated().dropFirst(index + 1) where second.byteCount > 0 && use.first <= second.last && second.first <= use.last {
                let isApart = plan.offsets[index] + use.byteCount <= plan.offsets[other] || plan.offsets[other] + second.byteCount <= plan.offsets[index]
                #expect(isApart, "buffers \(index) and \(other), seed \(seed)")
            }
        }
        let live = (0..<steps).map { step in uses.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + rounded($1.byteCount) } }
        #expect(plan.byteCount >= live.max() ?? 0)
        #expect(plan.byteCount <= uses.reduce(0) { $0 + rounded($1.byteCount) })
    }

    @Test func sharesMemoryAlongAChain() throws {
        let chain = (0..<100).map { BufferUse(byteCount: 1000, first: $0, last: $0 + 1) }
        #expect(try #require(MemoryPlan(chain)).byteCount == 2 * 1024)
    }

    @Test func countsNothingForNothing() throws {
        #expect(try #require(MemoryPlan([])).byteCount == 0)
        #expect(try #require(MemoryPlan([BufferUse(byteCount: 0, first: 0, last: 3)])).byteCount == 0)
    }

    @Test func refusesSizesThatCannotBeCounted() {
        #expect(MemoryPlan([BufferUse(byteCount: .max, first: 0, last: 0)]) == nil)
        #expect(MemoryPlan((0..<4).map { _ in BufferUse(byteCount: Int.max / 2 - 64, first: 0, last: 0) }) == nil)
    }
}
