public import ArgumentParser
public import DistilBERT

// The tasks' own choices, by their names, as values of options.
extension TextClassifier.ScoreFunction: ExpressibleByArgument {}
extension TokenTagger.Aggregation: ExpressibleByArgument {}
extension SentenceEmbedder.Pooling: ExpressibleByArgument {}
