public import Bytes
public import OrderedCollections
public import Tensors
public import Tokenizers

extension DistilBertSemantics {
    /// A tokenizer's options with the rule for accents, where they don't say what is done with them.
    public func tokenizerOptions(_ options: DistilBertTokenizer.Options = DistilBertTokenizer.Options()) -> DistilBertTokenizer.Options {
        var options = options
        if options.stripAccents == nil, stripAccents == .always { options.stripAccents = true }
        return options
    }

    /// What `tokenizer` makes of texts or pairs, as a model takes it: `input_ids` and `attention_mask`, int64 `[batch, sequence]`, padded to the longest,
    /// and `token_type_ids` where the semantics return them.
    ///
    /// With `maxLength` texts are cut, the longest first, if `truncates` is set or the semantics cut always.
    /// Throws `.usage` for a length that doesn't hold the special tokens.
    public func encode(
        _ texts: [DistilBertTokenizer.Input], with tokenizer: DistilBertTokenizer, maxLength: Int? = nil, truncates: Bool = false
    ) throws(ONNXError) -> OrderedDictionary<String, Tensor> {
        let cuts = truncates || truncation == .always
        let encodings = try tokenizer.encode(texts, truncation: cuts ? maxLength.map { Truncation(maxLength: $0) } : nil, padding: Padding())
        let shape = [encodings.count, encodings.first?.count ?? 0]
        func tensor(_ values: (Encoding) -> [Int32]) throws(ONNXError) -> Tensor {
            try Tensor(encodings.flatMap { values($0).map(Int64.init) }, shape: shape)
        }
        var inputs: OrderedDictionary = ["input_ids": try tensor(\.ids), "attention_mask": try tensor(\.attentionMask)]
        if tokenTypeIDs == .returned { inputs["token_type_ids"] = try tensor(\.typeIDs) }
        return inputs
    }
}
