/// The field numbers of the messages of ONNX. Made by Tools/onnx-proto of Sources/COnnx/onnx.proto.
///
/// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
enum ProtoField {
    enum Model {
        static let irVersion = 1
        static let producerName = 2
        static let producerVersion = 3
        static let domain = 4
        static let modelVersion = 5
        static let docString = 6
        static let graph = 7
        static let opsetImport = 8
        static let metadataProps = 14
        static let functions = 25
    }
    enum OperatorSetId {
        static let domain = 1
        static let version = 2
    }
    enum StringStringEntry {
        static let key = 1
        static let value = 2
    }
    enum Graph {
        static let node = 1
        static let name = 2
        static let initializer = 5
        static let docString = 10
        static let input = 11
        static let output = 12
        static let valueInfo = 13
        static let sparseInitializer = 15
        static let metadataProps = 16
    }
    enum Function {
        static let name = 1
        static let input = 4
        static let output = 5
        static let attribute = 6
        static let node = 7
        static let docString = 8
        static let opsetImport = 9
        static let domain = 10
        static let attributeProto = 11
        static let valueInfo = 12
        static let overload = 13
        static let metadataProps = 14
    }
    enum Node {
        static let input = 1
        static let output = 2
        static let name = 3
        static let opType = 4
        static let attribute = 5
        static let docString = 6
        static let domain = 7
        static let overload = 8
        static let metadataProps = 9
    }
    enum Attribute {
        static let name = 1
        static let f = 2
        static let i = 3
        static let s = 4
        static let t = 5
        static let g = 6
        static let floats = 7
        static let ints = 8
        static let strings = 9
        static let tensors = 10
        static let graphs = 11
        static let tp = 14
        static let typeProtos = 15
        static let type = 20
        static let refAttrName = 21
        static let sparseTensor = 22
        static let sparseTensors = 23
    }
    enum ValueInfo {
        static let name = 1
        static let type = 2
        static let docString = 3
        static let metadataProps = 4
    }
    enum TypeProto {
        static let tensorType = 1
        static let sequenceType = 4
        static let mapType = 5
        static let opaqueType = 7
        static let sparseTensorType = 8
        static let optionalType = 9
    }
    enum TensorType {
        static let elemType = 1
        static let shape = 2
    }
    enum SequenceType {
        static let elemType = 1
    }
    enum MapType {
        static let keyType = 1
        static let valueType = 2
    }
    enum OptionalType {
        static let elemType = 1
    }
    enum OpaqueType {
        static let domain = 1
        static let name = 2
    }
    enum TensorShape {
        static let dim = 1
    }
    enum Dimension {
        static let dimValue = 1
        static let dimParam = 2
    }
    enum Tensor {
        static let dims = 1
        static let dataType = 2
        static let segment = 3
        static let floatData = 4
        static let int32Data = 5
        static let stringData = 6
        static let int64Data = 7
        static let name = 8
        static let rawData = 9
        static let doubleData = 10
        static let uint64Data = 11
        static let externalData = 13
        static let dataLocation = 14
    }
    enum Segment {
        static let begin = 1
        static let end = 2
    }
    enum SparseTensor {
        static let values = 1
        static let indices = 2
        static let dims = 3
    }
    enum Sequence {
        static let elemType = 2
        static let tensorValues = 3
        static let sparseTensorValues = 4
        static let sequenceValues = 5
        static let mapValues = 6
        static let optionalValues = 7
    }
    enum Map {
        static let keyType = 2
        static let keys = 3
        static let stringKeys = 4
        static let values = 5
    }
    enum Optional {
        static let elemType = 2
        static let tensorValue = 3
        static let sparseTensorValue = 4
        static let sequenceValue = 5
        static let mapValue = 6
        static let optionalValue = 7
    }
}
