internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A convolution whose taps are moved by offsets and weighed by a mask. https://onnx.ai/onnx/operators/onnx__DeformConv.html
    package struct DeformConv: Operator {
        package static let schema = OperatorSchema(
            "DeformConv", since: [19, 22],
            inputs: [.one("X", "T"), .one("W", "T"), .one("offset", "T"), .optional("B", "T"), .optional("mask", "T")], outputs: [.one("Y", "T")],
            attributes: [
                .defaulted("group", .int(1)), .defaulted("offset_group", .int(1)), .optional("kernel_shape", .ints), .optional("pads", .ints),
                .optional("strides", .ints), .optional("dilations", .ints),
            ],
            types: ["T": .tensors(.floats)])

        private let attributes: ConvolutionAttributes
        private let offsetGroup: Int

        package init(_ node: NodeReader) throws {
            attributes = try ConvolutionAttributes(node)
            offsetGroup = try node.int("offset_group")
            guard offsetGroup >= 1, offsetGroup <= WindowAttributes.limit else { throw ONNXError(.shape, "attribute 'offset_group' is \(offsetGroup)") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...WindowAttributes.rankLimit, "X")
            let (x, w) = (types.shape(0), types.shape(1))
            let y = try attributes.infer(x: x, w: w, bias: types.shape(3))
            types.set(0, types.element(0), y)
            if let channels = x?[1].size, channels % offsetGroup != 0 {
                throw ONNXError(.shape, "\(channels) channels can't be divided into \(offsetGroup) offset groups")
            }
            guard let y, let kernel = types.type(1)?.knownShape?.dropFirst(2) else { return }
            let (taps, overflow) = try Shape.count(Array(kernel)).multipliedReportingOverflow(by: offsetGroup)
            let (offsets, beyond) = taps.multipliedReportingOverflow(by: kernel.count)
            guard !overflow, !beyond else { throw ONNXError(.limit, "\(offsetGroup) offset groups of \(Shape.text(Array(kernel))) are beyond 64 bits") }
            try RecurrentAttributes.check(types, 2, "offset", [y[0].size, offsets] + y.dropFirst(2).map(\.size))
            try RecurrentAttributes.check(types, 4, "mask", [y[0].size, taps] + y.dropFirst(2).map(\.size))
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let work = try Convolution(
                x: try context.input(0), w: try context.input(1), bias: try context.optionalInput(3), y: y, attributes: attributes)
            try y.elementType.visitFloat(Deformed(work: work, offsetGroup: offsetGroup, context: context))
        }

        private struct Deformed: FloatVisitor {
            let work: Convolution
            let offsetGroup: Int
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (work, windows) = (work, work.windows)
                let (w, z) = (try work.w.elements(T.self), try work.y.elements(T.self))
                let channels = work.groupChannels * work.group
                try work.initialise(type, planes: 0..<work.batches * work.filters)
                let columns = try context.scratch(T.elementType, [channels, windows.tapCount, windows.outputCount]).elements(T.self)
                for batch in 0..<work.batches where channels > 0 {
                    try context.checkDeadline()
                    try unfold(batch, channels: channels, to: columns)
                    try context.parallel(work.filters, grain: 1) { range in
                        for filter in range {
                            let first = filter / work.groupFilters * work.depth
                            for row in 0..<work.depth {
                                let weight = w[filter * work.depth + row]
                                ElementLoop.merge(
                                    columns.elements, from: (first + row) * windows.outputCount, into: z,
                                    at: (batch * work.filters + filter) * windows.outputCount, count: windows.outputCount
                                ) { $0 + weight * $1 }
                            }
                        }
                    }
                }
            }

            /// What each tap of each window sees at its moved place, times its mask.
            private func unfold<T: Arithmetic & BinaryFloatingPoint>(_ batch: Int, channels: Int, to columns: MutableElements<T>) throws {
                let (x, offsets) = (try work.x.elements(T.self), try context.input(2).elements(T.self))
                let mask = try context.optionalInput(4)?.elements(T.self)
                let (windows, offsetGroup) = (work.windows, offsetGroup)
                let (rank, taps, count) = (windows.input.count, windows.tapCount, windows.outputCount)
                try context.parallel(channels * taps, grain: Swift.max(1, 4096 / count)) { range in
                    var position = [Double](repeating: 0, count: rank)
                    for row in range {
                        let (channel, tap) = (row / taps, row % taps)
                        let moved = (batch * offsetGroup + channel / (channels / offsetGroup)) * taps + tap
                        for window in 0..<count {
                            var (restTap, restWindow) = (tap, window)
                            for axis in (0..<rank).reversed() {
                                let start = restWindow % windows.output[axis] * windows.strides[axis] - windows.before[axis]
                                let place = start + restTap % windows.kernel[axis] * windows.dilations[axis]
                                position[axis] = Double(place) + Double(offsets[(moved * rank + axis) * count + window])
                                restTap /= windows.kernel[axis]
                                restWindow /= windows.output[axis]
                            }
                            let value = Self.sample(x, (batch * channels + channel) * windows.inputCount, windows.input, position)
                            columns[row * count + window] = T(value) * (mask?[moved * count + window] ?? 1)
                        }
                    }
                }
            }

            /// The image at a place between its elements; beside it is 0.
            private static func sample<T: BinaryFloatingPoint & BitwiseCopyable>(
                _ x: Elements<T>, _ plane: Int, _ extents: [Int], _ position: [Double]
            ) -> Double {
                for (extent, place) in zip(extents, position) where !(place > -1 && place < Double(extent)) { return 0 }
                var sum = 0.0
                for corner in 0..<1 << extents.count {
                    var (index, weight) = (0, 1.0)
                    for (axis, extent) in extents.enumerated() {
                        let low = position[axis].rounded(.down)
                        let isHigh = corner >> axis & 1 == 1
                        let place = Int(low) + (isHigh ? 1 : 0)
                        weight *= place < 0 || place >= extent ? 0 : isHigh ? position[axis] - low : 1 - (position[axis] - low)
                        index = index &* extent &+ Swift.min(Swift.max(place, 0), extent - 1)
                    }
                    if weight != 0 { sum += weight * Double(x[plane + index]) }
                }
                return sum
            }
        }
    }
}
