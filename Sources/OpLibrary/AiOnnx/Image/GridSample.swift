internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Samples an image at given points. https://onnx.ai/onnx/operators/onnx__GridSample.html
    package struct GridSample: Operator {
        package static let schema = OperatorSchema(
            "GridSample", since: [16, 20, 22],
            inputs: [.one("X", "T1"), .one("grid", "T2")], outputs: [.one("Y", "T1")],
            attributes: [
                .defaulted("align_corners", .int(0)), .defaulted("mode", .string("bilinear"), until: 19), .defaulted("mode", .string("linear"), since: 20),
                .defaulted("padding_mode", .string("zeros")),
            ],
            types: ["T1": .tensors(Resampling.types), "T2": .tensors(.floats)])

        private enum Mode: String, CaseIterable {
            case nearest, linear, cubic
        }

        /// The names before version 20.
        private enum PlaneMode: String, CaseIterable {
            case nearest, bilinear, bicubic
        }

        private let sampler: GridSampler

        package init(_ node: NodeReader) throws {
            let taps =
                if node.version < 20 {
                    switch try node.choice("mode", PlaneMode.self) {
                    case .nearest: 1
                    case .bilinear: 2
                    case .bicubic: 4
                    }
                } else {
                    switch try node.choice("mode", Mode.self) {
                    case .nearest: 1
                    case .linear: 2
                    case .cubic: 4
                    }
                }
            sampler = GridSampler(taps: taps, padding: try node.choice("padding_mode"), alignsCorners: try node.flag("align_corners"))
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...WindowAttributes.rankLimit, "X")
            guard let x = types.shape(0), let grid = types.shape(1) else { return types.set(0, types.element(0), nil) }
            guard grid.count == x.count, let axes = grid.last, axes.size.map({ $0 == x.count - 2 }) ?? true else {
                let text = grid.map(\.description).joined(separator: ",")
                throw ONNXError(.shape, "'grid' has shape [\(text)]; rank \(x.count) and a last axis of \(x.count - 2) expected")
            }
            if let n = x[0].size, let m = grid[0].size, n != m { throw ONNXError(.shape, "'X' has \(n) batches and 'grid' has \(m)") }
            types.set(0, types.element(0), x[..<2] + grid[1...].dropLast())
        }

        package func run(_ context: RunContext) throws {
            let (x, grid) = (try context.input(0), try context.input(1))
            guard !x.shape.dropFirst(2).contains(0) else { throw ONNXError(.shape, "\(x) has no elements to sample") }
            let coordinates = try Conversion.doubles(grid, context)
            let body = Samples(x: x, grid: coordinates, isFloat: grid.elementType == .float, sampler: sampler, context: context)
            switch x.elementType {
            case .string, .complex64, .complex128: try body.move()
            default: try x.elementType.visit(body)
            }
        }

        private struct Samples: ElementVisitor {
            let x: Tensor
            let grid: Elements<Double>
            let isFloat: Bool
            let sampler: GridSampler
            let context: RunContext

            private var extents: [Int] { Array(x.shape.dropFirst(2)) }

            /// Elements that only move, one at each point.
            func move() throws {
                guard sampler.taps == 1 else { throw ONNXError(.unsupported, "\(x.elementType) can only be sampled in mode 'nearest'") }
                let mover = try ElementMover(context, type: x.elementType)
                try mover.fill(nil, context)
                let source = try ElementMover.Source(x)
                let (extents, channels) = (extents, x.shape[1])
                let points = mover.count == 0 ? 0 : mover.count / (x.shape[0] * channels)
                var taps: [GridSampler.Tap] = []
                for point in 0..<x.shape[0] * points {
                    sampler.taps(grid, point: point, extents: extents, isFloat: isFloat, into: &taps)
                    for channel in 0..<channels {
                        let plane = point / points * channels + channel
                        for tap in taps {
                            mover.copy(source, from: plane * Shape.product(extents) + tap.place, count: 1, to: plane * points + point % points)
                        }
                    }
                }
                try mover.finish(context)
            }

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (input, output) = (try x.elements(T.self), try context.output().elements(T.self))
                guard output.count > 0 else { return }
                let (extents, channels, grid, sampler, isFloat) = (extents, x.shape[1], grid, sampler, isFloat)
                let (plane, points) = (Shape.product(extents), output.count / (x.shape[0] * channels))
                try context.parallel(x.shape[0] * points, grain: Swift.max(1, 2048 / channels)) { range in
                    var taps: [GridSampler.Tap] = []
                    for point in range {
                        sampler.taps(grid, point: point, extents: extents, isFloat: isFloat, into: &taps)
                        let first = point / points * channels
                        for channel in first..<first + channels {
                            var sum = 0.0
                            if taps.count == 1 && sampler.taps == 1 {
                                output[channel * points + point % points] = input[channel * plane + taps[0].place]
                                continue
                            }
                            for tap in taps { sum += tap.weight * input[channel * plane + tap.place].asDouble }
                            output[channel * points + point % points] = T(saturating: sum)
                        }
                    }
                }
            }
        }
    }
}
