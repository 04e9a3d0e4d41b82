/// When a buffer is in use: from the step that writes it to the last step that reads it.
package struct BufferUse: Sendable, Equatable {
    package let byteCount: Int
    package let first: Int
    package let last: Int

    package init(byteCount: Int, first: Int, last: Int) {
        self.byteCount = byteCount
        self.first = first
        self.last = last
    }
}

/// Where buffers lie in one arena.
package struct MemoryPlan: Sendable, Equatable {
    /// The place of each buffer, a multiple of `alignment`.
    package let offsets: [Int]
    /// What the arena must hold.
    package let byteCount: Int

    package static let alignment = 64

    /// Places the largest buffers first, each at the lowest offset at which it meets no buffer that is in use at the same time.
    ///
    /// Returns nil when the sizes can't be counted.
    package init?(_ uses: [BufferUse]) {
        var offsets = [Int](repeating: 0, count: uses.count)
        var peak = 0
        // The buffers placed so far, by the steps at which they are in use.
        var placed: [[Int]] = Array(repeating: [], count: (uses.map(\.last).max() ?? -1) + 1)
        var sizes: [Int] = []
        for use in uses {
            guard use.byteCount >= 0, use.byteCount <= Int.max / 2 - Self.alignment else { return nil }
            sizes.append((use.byteCount + Self.alignment - 1) / Self.alignment * Self.alignment)
        }
        let order = uses.indices.sorted { (sizes[$1], uses[$0].first, $0) < (sizes[$0], uses[$1].first, $1) }
        for index in order where sizes[index] > 0 {
            let steps = uses[index].first...uses[index].last
            let neighbours = Set(steps.flatMap { placed[$0] }).sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for other in neighbours where offsets[other] - offset < sizes[index] { offset = max(offset, offsets[other] + sizes[other]) }
            let (end, overflow) = offset.addingReportingOverflow(sizes[index])
            guard !overflow else { return nil }
            offsets[index] = offset
            peak = max(peak, end)
            for step in steps { placed[step].append(index) }
        }
        self.offsets = offsets
        byteCount = peak
    }
}
