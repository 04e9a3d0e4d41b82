@_exported public import Bytes
@_exported public import Converter
@_exported public import GraphExecutor
@_exported public import GraphIR
@_exported public import OrderedCollections
@_exported public import TensorFiles
@_exported public import Tensors
@_exported public import Tokenizers
