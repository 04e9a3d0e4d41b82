public import ArgumentParser
public import Tokenizers

// The tokenizer's own choices, by their names, as values of options.
extension Truncation.Strategy: ExpressibleByArgument {}
extension Side: ExpressibleByArgument {}
extension DistilBertTokenizer.Implementation: ExpressibleByArgument {}
