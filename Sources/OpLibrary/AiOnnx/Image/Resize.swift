internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Changes the extents of a tensor by interpolation. https://onnx.ai/onnx/operators/onnx__Resize.html
    package struct Resize: Operator {
        package static let schema = OperatorSchema(
            "Resize", since: [10, 11, 13, 18, 19],
            inputs: [
                .one("X", "T", until: 10), .one("scales", "tensor(float)", until: 10),
                .one("X", "T1", since: 11), .one("roi", "T2", since: 11, until: 12), .optional("roi", "T2", since: 13),
                .one("scales", "tensor(float)", since: 11, until: 12), .optional("scales", "tensor(float)", since: 13),
                .optional("sizes", "tensor(int64)", since: 11),
            ],
            outputs: [.one("Y", "T", until: 10), .one("Y", "T1", since: 11)],
            attributes: [
                .defaulted("mode", .string("nearest")), .defaulted("coordinate_transformation_mode", .string("half_pixel"), since: 11),
                .defaulted("cubic_coeff_a", .float(-0.75), since: 11), .defaulted("exclude_outside", .int(0), since: 11),
                .defaulted("extrapolation_value", .float(0), since: 11), .defaulted("nearest_mode", .string("round_prefer_floor"), since: 11),
                .defaulted("antialias", .int(0), since: 18), .optional("axes", .ints, since: 18),
                .defaulted("keep_aspect_ratio_policy", .string("stretch"), since: 18),
            ],
            types: [
                "T": .tensors(Resampling.types), "T1": .tensors(Resampling.types), "T2": .tensors(.float16, .float, .double),
                "tensor(float)": .tensors(.float), "tensor(int64)": .tensors(.int64),
            ])

        private enum Policy: String, CaseIterable {
            case stretch
            case notLarger = "not_larger"
            case notSmaller = "not_smaller"
        }

        private let interpolation: Interpolation
        private let extrapolation: Double
        private let axes: [Int]?
        private let policy: Policy
        /// The input that holds the scales; roi and sizes, where they exist, stand around it.
        private let scales: Int

        package init(_ node: NodeReader) throws {
            var interpolation = Interpolation(mode: try node.choice("mode"))
            scales = node.version < 11 ? 1 : 2
            if node.version >= 11 {
                interpolation.coordinates = try node.choice("coordinate_transformation_mode")
                interpolation.nearest = try node.choice("nearest_mode")
                interpolation.cubicCoefficient = Double(try node.float("cubic_coeff_a"))
                interpolation.excludesOutside = try node.flag("exclude_outside")
            }
            interpolation.isAntialiased = (node.optionalInt("antialias") ?? 0) != 0
            if interpolation.isAntialiased && interpolation.mode == .nearest {
                throw ONNXError(.malformed, "attribute 'antialias' is set in mode 'nearest'; 'linear' or 'cubic' expected")
            }
            self.interpolation = interpolation
            extrapolation = Double(node.optionalFloat("extrapolation_value") ?? 0)
            axes = node.optionalInts("axes").flatMap { $0.isEmpty ? nil : $0 }
            policy = node.version >= 18 ? try node.choice("keep_aspect_ratio_policy") : .stretch
        }

        private var roi: Int? { scales == 2 ? 1 : nil }
        private var sizes: Int? { scales == 2 ? 3 : nil }

        package func infer(_ types: Inference) throws {
            guard let x = types.shape(0) else { return types.set(0, types.element(0), nil) }
            let unknown = x.map { _ in Dimension.unknown }
            guard let known = types.type(0)?.knownShape else { return types.set(0, types.element(0), unknown) }
            for input in [roi, scales, sizes].compactMap({ $0 }) where types.type(input) != nil && types.constant(input) == nil {
                return types.set(0, types.element(0), unknown)
            }
            let resized = try resized(
                known, scales: types.constant(scales), sizes: sizes.flatMap { types.constant($0) }, roi: try roi.flatMap { types.constant($0) }?.doubles())
            types.set(0, types.element(0), resized.map(\.output))
        }

        /// How each axis of a tensor of `shape` is resized.
        private func resized(_ shape: [Int], scales: Tensor?, sizes: Tensor?, roi: [Double]?) throws -> [ResizedAxis] {
            let axes = try (axes ?? Array(shape.indices)).map { axis in
                guard let index = Shape.axis(axis, rank: shape.count) else { throw ONNXError(.shape, "axis \(axis) is out of range for rank \(shape.count)") }
                return index
            }
            guard Set(axes).count == axes.count else { throw ONNXError(.shape, "axes \(axes) hold an axis twice") }
            let factors = scales.flatMap { $0.count == 0 ? nil : $0 }
            let wanted = sizes.flatMap { $0.count == 0 ? nil : $0 }
            var result = shape.map { ResizedAxis(input: $0, output: $0, scale: 1, exactOutput: Double($0)) }
            switch (factors, wanted) {
            case (let factors?, nil): try Resampling.scale(&result, axes, try factors.elements(Float.self))
            case (nil, let wanted?): try size(&result, axes, try wanted.ints())
            case (nil, nil): throw ONNXError(.shape, "one of 'scales' and 'sizes' must be given, neither is")
            default: throw ONNXError(.shape, "one of 'scales' and 'sizes' must be given, both are")
            }
            guard interpolation.coordinates == .tfCropAndResize else { return result }
            guard let roi, roi.count == 2 * axes.count else {
                throw ONNXError(.shape, "'roi' has \(roi?.count ?? 0) elements, \(2 * axes.count) expected, a start and an end for each of \(axes.count) axes")
            }
            for (index, axis) in axes.enumerated() { (result[axis].start, result[axis].end) = (roi[index], roi[axes.count + index]) }
            return result
        }

        private func size(_ result: inout [ResizedAxis], _ axes: [Int], _ sizes: [Int]) throws {
            guard sizes.count == axes.count else { throw ONNXError(.shape, "'sizes' has \(sizes.count) elements, \(axes.count) expected, one an axis") }
            var ratios: [Double] = []
            for (axis, size) in zip(axes, sizes) {
                guard size >= 0, result[axis].input > 0 || size == 0 else {
                    throw ONNXError(.shape, "axis \(axis) of \(result[axis].input) elements can't be resized to \(size)")
                }
                ratios.append(result[axis].input == 0 ? 1 : Double(size) / Double(result[axis].input))
            }
            let common = policy == .notLarger ? ratios.min() : policy == .notSmaller ? ratios.max() : nil
            for (index, axis) in axes.enumerated() {
                let input = result[axis].input
                let exact = common.map { $0 * Double(input) } ?? Double(sizes[index])
                let output = common == nil ? sizes[index] : Int(Int64(saturating: exact + 0.5))
                result[axis] = ResizedAxis(input: input, output: output, scale: common ?? ratios[index], exactOutput: exact)
            }
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let resized = try resized(
                x.shape, scales: try context.optionalInput(scales), sizes: try sizes.flatMap { try context.optionalInput($0) },
                roi: try roi.flatMap { try context.optionalInput($0) }?.doubles())
            try Resampling(axes: resized, interpolation: interpolation, extrapolation: extrapolation).run(x, context)
        }
    }

    /// Changes the extents of a tensor by whole or broken factors. https://onnx.ai/onnx/operators/onnx__Upsample.html
    package struct Upsample: Operator {
        package static let schema = OperatorSchema(
            "Upsample", since: [7, 9], deprecated: 10,
            inputs: [.one("X", "T"), .one("scales", "tensor(float)", since: 9)], outputs: [.one("Y", "T")],
            attributes: [.defaulted("mode", .string("nearest")), .required("scales", .floats, until: 8)],
            types: ["T": .tensors(Resampling.types), "tensor(float)": .tensors(.float)])

        private let interpolation: Interpolation
        private let scales: Tensor?

        package init(_ node: NodeReader) throws {
            interpolation = Interpolation(mode: try node.choice("mode"))
            scales = try node.optionalFloats("scales").map { try Tensor($0, shape: [$0.count]) }
        }

        private func resized(_ shape: [Int], _ scales: Tensor) throws -> [ResizedAxis] {
            var result = shape.map { ResizedAxis(input: $0, output: $0, scale: 1, exactOutput: Double($0)) }
            try Resampling.scale(&result, Array(shape.indices), try scales.elements(Float.self))
            return result
        }

        package func infer(_ types: Inference) throws {
            guard let x = types.type(0)?.knownShape, let scales = scales ?? types.constant(1) else {
                return types.set(0, types.element(0), types.shape(0)?.map { _ in .unknown })
            }
            types.set(0, types.element(0), try resized(x, scales).map(\.output))
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try Resampling(axes: try resized(x.shape, try scales ?? context.input(1)), interpolation: interpolation, extrapolation: 0).run(x, context)
        }
    }
}
