internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Filters slid over an image. https://onnx.ai/onnx/operators/onnx__Conv.html
    package struct Conv: Operator {
        package static let schema = OperatorSchema(
            "Conv", since: [1, 11, 22],
            inputs: [.one("X", "T"), .one("W", "T"), .optional("B", "T")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("group", .int(1))] + WindowAttributes.schema(isKernelRequired: false), types: ["T": .tensors(.floats)])

        private let attributes: ConvolutionAttributes

        package init(_ node: NodeReader) throws { attributes = try ConvolutionAttributes(node) }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), try attributes.infer(x: types.shape(0), w: types.shape(1), bias: types.shape(2)))
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let convolution = try Convolution(
                x: try context.input(0), w: try context.input(1), bias: try context.optionalInput(2), y: y, attributes: attributes)
            if convolution.x.elementType == .float && convolution.groupChannels > 1 {
                try UnfoldedConvolution(convolution).run(context)
            } else {
                try convolution.x.elementType.visitFloat(DirectConvolution(convolution: convolution, context: context))
            }
        }
    }
}

/// The attributes that all convolutions have, and their rule of shapes.
struct ConvolutionAttributes: Sendable {
    let windows: WindowAttributes
    let group: Int

    init(_ node: NodeReader) throws {
        windows = try WindowAttributes(node)
        group = try node.int("group")
        guard group >= 1, group <= WindowAttributes.limit else { throw ONNXError(.shape, "attribute 'group' is \(group), 1 or more expected") }
    }

    /// The extents of the kernel, which the weights `w` have.
    func kernel(_ w: [Int]) -> [Int] { Array(w.dropFirst(2)) }

    /// Ranks and the kernel that both the weights and the attribute say.
    func checkKernel(x: [Dimension]?, w: [Dimension]?) throws {
        for (name, shape) in [("X", x), ("W", w)] {
            guard let shape else { continue }
            guard shape.count >= 3 else { throw ONNXError(.shape, "'\(name)' has rank \(shape.count), rank 3 or more expected") }
            try windows.checkRank(shape.count - 2)
        }
        if let x, let w, x.count != w.count { throw ONNXError(.shape, "'X' has rank \(x.count) and 'W' has rank \(w.count); they must be equal") }
        guard let w, let kernel = windows.kernel else { return }
        for (axis, extent) in kernel.enumerated() {
            if let size = w[axis + 2].size, size != extent {
                throw ONNXError(.shape, "attribute 'kernel_shape' holds \(extent) for spatial axis \(axis), whose extent in 'W' is \(size)")
            }
        }
    }

    /// Throws `.shape` unless `bias` has one axis, of `count` elements.
    static func checkBias(_ bias: [Dimension]?, count: Int?) throws {
        guard let bias else { return }
        guard bias.count == 1 else { throw ONNXError(.shape, "'B' has rank \(bias.count), rank 1 expected") }
        if let found = bias[0].size, let count, found != count { throw ONNXError(.shape, "'B' has \(found) elements, \(count) expected, one a filter") }
    }

    func infer(x: [Dimension]?, w: [Dimension]?, bias: [Dimension]?) throws -> [Dimension]? {
        try checkKernel(x: x, w: w)
        if let filters = w?[0].size, filters % group != 0 { throw ONNXError(.shape, "\(filters) filters can't be divided into \(group) groups") }
        if let channels = x?[1].size, let own = w?[1].size {
            let (expected, overflow) = own.multipliedReportingOverflow(by: group)
            guard !overflow, channels == expected else {
                throw ONNXError(.shape, "'X' has \(channels) channels; \(own) of 'W' x \(group) groups expected")
            }
        }
        try Self.checkBias(bias, count: w?[0].size)
        guard let x else { return nil }
        let spatial: [Dimension] = try (0..<x.count - 2).map { axis in
            guard let input = x[axis + 2].size, let kernel = w?[axis + 2].size ?? windows.kernel?[axis] else { return .unknown }
            return .known(try windows.slide(axis, over: input, kernel: kernel).output)
        }
        return [x[0], w?[0] ?? .unknown] + spatial
    }
}

/// One convolution of tensors whose shapes inference has found to fit.
struct Convolution: Sendable {
    let x: Tensor
    let w: Tensor
    let bias: Tensor?
    let y: MutableTensor
    let windows: Windows
    let group: Int

    init(x: Tensor, w: Tensor, bias: Tensor?, y: MutableTensor, attributes: ConvolutionAttributes) throws {
        (self.x, self.w, self.bias, self.y, group) = (x, w, bias, y, attributes.group)
        windows = try Windows(attributes.windows, input: Array(x.shape.dropFirst(2)), kernel: attributes.kernel(w.shape))
        guard windows.output == Array(y.shape.dropFirst(2)) else { throw ONNXError(.shape, "windows \(Shape.text(windows.output)) don't make \(y.tensor)") }
    }

    var batches: Int { x.shape[0] }
    var filters: Int { w.shape[0] }
    /// Channels of the image, and filters, of each group.
    var groupChannels: Int { w.shape[1] }
    var groupFilters: Int { filters / group }
    /// Weights of a filter.
    var depth: Int { groupChannels * windows.tapCount }

    /// The bias of each filter, or 0, in every window of `planes`.
    func initialise<T: Arithmetic>(_ type: T.Type, planes: Range<Int>) throws {
        let z = try y.elements(T.self)
        let bias = try bias?.elements(T.self)
        for plane in planes { z.fill(bias?[plane % filters] ?? .zero, in: plane * windows.outputCount..<(plane + 1) * windows.outputCount) }
    }
}
