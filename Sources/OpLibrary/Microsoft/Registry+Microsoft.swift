extension Microsoft {
    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] = [
        Attention.self,
        BiasGelu.self,
        DynamicQuantizeMatMul.self,
        EmbedLayerNormalization.self,
        FastGelu.self,
        FusedGemm.self,
        FusedMatMul.self,
        GatherBlockQuantized.self,
        Gelu.self,
        MatMulBnb4.self,
        MatMulIntegerToFloat.self,
        MatMulNBits.self,
        MultiHeadAttention.self,
        QAttention.self,
        QEmbedLayerNormalization.self,
        QGemm.self,
        QLinearAdd.self,
        QLinearLeakyRelu.self,
        QLinearMul.self,
        QLinearSigmoid.self,
        QLinearSoftmax.self,
        QuickGelu.self,
        SkipLayerNormalization.self,
        SkipSimplifiedLayerNormalization.self,
    ]
}
