extension AiOnnx {
    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] =
        controlFlow + convolution + elementwise + image + linear + losses + movement + normalization + pooling + quantization + random + recurrent + reductions
        + sequences + signal + text

    private static let controlFlow: [any Operator.Type] = [
        If.self,
        Loop.self,
        Scan.self,
        SequenceMap.self,
    ]

    private static let convolution: [any Operator.Type] = [
        CausalConvWithState.self,
        Col2Im.self,
        Conv.self,
        ConvInteger.self,
        ConvTranspose.self,
        DeformConv.self,
        QLinearConv.self,
    ]

    private static let elementwise: [any Operator.Type] = [
        Abs.self,
        Acos.self,
        Acosh.self,
        Add.self,
        And.self,
        Asin.self,
        Asinh.self,
        Atan.self,
        Atanh.self,
        BitCast.self,
        BitShift.self,
        BitwiseAnd.self,
        BitwiseNot.self,
        BitwiseOr.self,
        BitwiseXor.self,
        Cast.self,
        CastLike.self,
        Ceil.self,
        Celu.self,
        Clip.self,
        Cos.self,
        Cosh.self,
        Div.self,
        Elu.self,
        Equal.self,
        Erf.self,
        Exp.self,
        Floor.self,
        Gelu.self,
        Greater.self,
        GreaterOrEqual.self,
        HardSigmoid.self,
        HardSwish.self,
        IsInf.self,
        IsNaN.self,
        LeakyRelu.self,
        Less.self,
        LessOrEqual.self,
        Log.self,
        Max.self,
        Mean.self,
        Min.self,
        Mish.self,
        Mod.self,
        Mul.self,
        Neg.self,
        Not.self,
        Or.self,
        PRelu.self,
        Pow.self,
        Reciprocal.self,
        Relu.self,
        Round.self,
        Selu.self,
        Shrink.self,
        Sigmoid.self,
        Sign.self,
        Sin.self,
        Sinh.self,
        Softplus.self,
        Softsign.self,
        Sqrt.self,
        Sub.self,
        Sum.self,
        SwiGLU.self,
        Swish.self,
        Tan.self,
        Tanh.self,
        ThresholdedRelu.self,
        Where.self,
        Xor.self,
    ]

    private static let image: [any Operator.Type] = [
        AffineGrid.self,
        GridSample.self,
        ImageDecoder.self,
        NonMaxSuppression.self,
        Resize.self,
        RoiAlign.self,
        Upsample.self,
    ]

    private static let linear: [any Operator.Type] = [
        Attention.self,
        Det.self,
        Einsum.self,
        Gemm.self,
        LinearAttention.self,
        MatMul.self,
        RotaryEmbedding.self,
    ]

    private static let losses: [any Operator.Type] = [
        NegativeLogLikelihoodLoss.self,
        SoftmaxCrossEntropyLoss.self,
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

    private static let normalization: [any Operator.Type] = [
        BatchNormalization.self,
        GroupNormalization.self,
        Hardmax.self,
        InstanceNormalization.self,
        LRN.self,
        LayerNormalization.self,
        LogSoftmax.self,
        LpNormalization.self,
        MeanVarianceNormalization.self,
        RMSNormalization.self,
        Softmax.self,
    ]

    private static let pooling: [any Operator.Type] = [
        AveragePool.self,
        GlobalAveragePool.self,
        GlobalLpPool.self,
        GlobalMaxPool.self,
        LpPool.self,
        MaxPool.self,
        MaxRoiPool.self,
        MaxUnpool.self,
    ]

    private static let quantization: [any Operator.Type] = [
        DequantizeLinear.self,
        DynamicQuantizeLinear.self,
        MatMulInteger.self,
        QLinearMatMul.self,
        QuantizeLinear.self,
    ]

    private static let random: [any Operator.Type] = [
        Bernoulli.self,
        Dropout.self,
        Multinomial.self,
        RandomNormal.self,
        RandomNormalLike.self,
        RandomUniform.self,
        RandomUniformLike.self,
    ]

    private static let recurrent: [any Operator.Type] = [
        GRU.self,
        LSTM.self,
        RNN.self,
    ]

    private static let reductions: [any Operator.Type] = [
        ArgMax.self,
        ArgMin.self,
        CumProd.self,
        CumSum.self,
        ReduceL1.self,
        ReduceL2.self,
        ReduceLogSum.self,
        ReduceLogSumExp.self,
        ReduceMax.self,
        ReduceMean.self,
        ReduceMin.self,
        ReduceProd.self,
        ReduceSum.self,
        ReduceSumSquare.self,
    ]

    private static let sequences: [any Operator.Type] = [
        ConcatFromSequence.self,
        OptionalGetElement.self,
        OptionalHasElement.self,
        OptionalOperator.self,
        SequenceAt.self,
        SequenceConstruct.self,
        SequenceEmpty.self,
        SequenceErase.self,
        SequenceInsert.self,
        SequenceLength.self,
        SplitToSequence.self,
    ]

    private static let signal: [any Operator.Type] = [
        BlackmanWindow.self,
        DFT.self,
        HammingWindow.self,
        HannWindow.self,
        MelWeightMatrix.self,
        STFT.self,
    ]

    private static let text: [any Operator.Type] = [
        RegexFullMatch.self,
        StringConcat.self,
        StringNormalizer.self,
        StringSplit.self,
        TfIdfVectorizer.self,
    ]
}
