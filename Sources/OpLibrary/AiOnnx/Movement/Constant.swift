internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A value that stands in the model. https://onnx.ai/onnx/operators/onnx__Constant.html
    package struct Constant: Operator {
        package static let schema = OperatorSchema(
            "Constant", since: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
            inputs: [], outputs: [.one("output", "T")],
            attributes: [
                .required("value", .tensor, until: 10), .optional("value", .tensor, since: 11), .optional("sparse_value", .sparseTensor, since: 11),
                .optional("value_float", .float, since: 12), .optional("value_floats", .floats, since: 12),
                .optional("value_int", .int, since: 12), .optional("value_ints", .ints, since: 12),
                .optional("value_string", .string, since: 12), .optional("value_strings", .strings, since: 12),
            ], types: ["T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.asStored

        private let value: Tensor

        package init(_ node: NodeReader) throws {
            let given = node.schema.attributes(at: node.opset).filter { node.has($0.name) }
            guard given.count == 1, let name = given.first?.name, let attribute = node.attribute(name) else {
                throw ONNXError(.malformed, "Constant has \(given.count) values; one expected")
            }
            value =
                switch attribute {
                case .tensor(let tensor): tensor
                case .float(let value): try Tensor(scalar: value)
                case .floats(let values): try Tensor(values, shape: [values.count])
                case .int(let value): try Tensor(scalar: value)
                case .ints(let values): try Tensor(values, shape: [values.count])
                case .string(let value): try Tensor(strings: [value], shape: [])
                case .strings(let values): try Tensor(strings: values, shape: [values.count])
                default: throw ONNXError(.malformed, "attribute '\(name)' is of kind \(attribute.kind), which is no value")
                }
        }

        package func infer(_ types: Inference) throws {
            types.set(0, value.elementType, value.shape)
            types.setValue(0, value)
        }

        package func run(_ context: RunContext) throws { context.set(0, value) }
    }
}
