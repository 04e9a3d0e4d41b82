internal import Bytes
internal import Tensors

/// A convolution tap by tap, each as one weight times rows of the image: for double, and where each filter sees one channel.
struct DirectConvolution: FloatVisitor {
    let convolution: Convolution
    let context: RunContext

    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
        let work = convolution
        let (x, w, z) = (try work.x.elements(T.self), try work.w.elements(T.self), try work.y.elements(T.self))
        let (windows, channels, groupFilters) = (work.windows, work.groupChannels, work.groupFilters)
        let planes = work.batches * work.filters
        let grain = Swift.max(1, 131_072 / Swift.max(1, work.depth &* windows.outputCount))
        try context.parallel(planes, grain: grain) { range in
            try work.initialise(type, planes: range)
            for plane in range {
                let (batch, filter) = (plane / work.filters, plane % work.filters)
                let first = (batch * work.group + filter / groupFilters) * channels
                for channel in 0..<channels {
                    for tap in 0..<windows.tapCount {
                        let weight = w[(filter * channels + channel) * windows.tapCount + tap]
                        windows.forEachRun(of: tap) { element, window, count in
                            ElementLoop.merge(
                                x, from: (first + channel) * windows.inputCount + element, step: windows.step,
                                into: z, at: plane * windows.outputCount + window, count: count
                            ) { $0 + weight * $1 }
                        }
                    }
                }
            }
        }
    }
}
