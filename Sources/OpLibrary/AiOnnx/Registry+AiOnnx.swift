extension AiOnnx {
    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] =
        controlFlow + elementwise + linear + movement + normalization + quantization + random + reductions + sequences

    private static let controlFlow: [any Operator.Type] = [
        If.self
    ]

    private static let elementwise: [any Operator.Type] = [
        Add.self,
        Div.self,
        Mul.self,
        Sub.self,
    ]

    private static let linear: [any Operator.Type] = [
        Attention.self,
        Gemm.self,
        MatMul.self,
    ]

    private static let movement: [any Operator.Type] = [
        CenterCropPad.self,
        Compress.self,
        Concat.self,
        Constant.self,
        ConstantOfShape.self,
        DepthToSpace.self,
        Expand.self,
        EyeLike.self,
        Flatten.self,
        Gather.self,
        GatherElements.self,
        GatherND.self,
        Identity.self,
        NonZero.self,
        OneHot.self,
        Pad.self,
        RangeOperator.self,
        Reshape.self,
        ReverseSequence.self,
        Scatter.self,
        ScatterElements.self,
        ScatterND.self,
        ShapeOperator.self,
        Size.self,
        Slice.self,
        SpaceToDepth.self,
        Split.self,
        Squeeze.self,
        TensorScatter.self,
        Tile.self,
        TopK.self,
        Transpose.self,
        Trilu.self,
        Unique.self,
        Unsqueeze.self,
    ]

    private static let normalization: [any Operator.Type] = []

    private static let quantization: [any Operator.Type] = [
        DequantizeLinear.self,
        DynamicQuantizeLinear.self,
        MatMulInteger.self,
        QLinearMatMul.self,
        QuantizeLinear.self,
    ]

    private static let random: [any Operator.Type] = []

    private static let reductions: [any Operator.Type] = []

    private static let sequences: [any Operator.Type] = []
}
