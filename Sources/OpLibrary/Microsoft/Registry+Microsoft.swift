extension Microsoft {
    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] = [
        Attention.self,
        BiasGelu.self,
        EmbedLayerNormalization.self,
        FastGelu.self,
        FusedGemm.self,
        FusedMatMul.self,
        Gelu.self,
        MultiHeadAttention.self,
        QuickGelu.self,
        SkipLayerNormalization.self,
        SkipSimplifiedLayerNormalization.self,
    ]
}
