internal import Bytes
internal import Tensors

/// A float convolution as matrix products: filters x what the windows see, unfolded band by band.
struct UnfoldedConvolution {
    /// Floats of unfolded windows that are held at once.
    private static let room = 1 << 21

    private let work: Convolution
    private let band: Int

    init(_ convolution: Convolution) {
        work = convolution
        let windows = convolution.windows
        let row = Swift.max(1, convolution.depth &* (windows.outputCount / windows.output[0]))
        band = windows.isIdentity ? windows.output[0] : Swift.max(1, Swift.min(windows.output[0], Self.room / row))
    }

    func run(_ context: RunContext) throws {
        let windows = work.windows
        try work.initialise(Float.self, planes: 0..<work.batches * work.filters)
        guard work.depth > 0 else { return }
        let (x, w, z) = (try work.x.elements(Float.self), try work.w.elements(Float.self), try work.y.elements(Float.self))
        let isWhole = band == windows.output[0]
        let bandCount = windows.outputCount / windows.output[0] * band
        let unfolded = try context.scratch(.float, [windows.isIdentity ? 0 : work.depth, bandCount]).elements(Float.self)
        let part = try context.scratch(.float, [isWhole ? 0 : work.groupFilters, bandCount]).elements(Float.self)
        var panels: Storage?
        for stack in 0..<work.batches * work.group {
            let (image, target) = (stack * work.groupChannels * windows.inputCount, stack * work.groupFilters * windows.outputCount)
            let filters = stack % work.group * work.groupFilters * work.depth
            for start in stride(from: 0, to: windows.output[0], by: band) {
                try context.checkDeadline()
                let some = try windows.band(start..<Swift.min(start + band, windows.output[0]))
                if !windows.isIdentity {
                    try context.parallel(work.depth, grain: Swift.max(1, 32_768 / some.outputCount)) {
                        some.unfold(x, offset: image, rows: $0, padding: 0, to: unfolded)
                    }
                }
                let columns = try PackedMatrix(
                    windows.isIdentity ? x : unfolded.elements, offset: windows.isIdentity ? image : 0, rows: work.depth, columns: some.outputCount,
                    storage: { try panels.reused(byteCount: $0, context) }, parallel: { try context.parallel($0, grain: $1, $2) })
                if isWhole {
                    var epilogue = Epilogue()
                    epilogue.beta = 1
                    try MatrixProduct.multiply(
                        w, offset: filters, rows: work.groupFilters, by: columns, into: z, at: target, epilogue: epilogue, context: context)
                } else {
                    try MatrixProduct.multiply(w, offset: filters, rows: work.groupFilters, by: columns, into: part, context: context)
                    let place = target + start * (windows.outputCount / windows.output[0])
                    for row in 0..<work.groupFilters {
                        ElementLoop.merge(
                            part.elements, from: row * some.outputCount, into: z, at: place + row * windows.outputCount, count: some.outputCount, +)
                    }
                }
            }
        }
    }
}

extension Optional<Storage> {
    /// The memory that an earlier call gave, if it is enough.
    mutating func reused(byteCount: Int, _ context: RunContext) throws -> Storage {
        if let storage = self, storage.byteCount >= byteCount { return storage }
        let storage = try context.host.scratch(byteCount: byteCount)
        self = storage
        return storage
    }
}
