internal import Bytes

/// What an object-based checkpoint says of its tensors: Keras names variables otherwise than by the attributes that lead to them.
///
/// Source: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/trackable_object_graph.proto
enum ObjectGraph {
    /// The key under which it is stored, as a string.
    static let key = "_CHECKPOINTABLE_OBJECT_GRAPH"

    /// The full names of variables, `tf_distil_bert_model/distilbert/embeddings/word_embeddings/weight`, by their keys,
    /// `distilbert/embeddings/weight/.ATTRIBUTES/VARIABLE_VALUE`. A name that several have is nobody's.
    static func fullNames(_ graph: ByteRegion) throws(ONNXError) -> [String: String] {
        var names: [String: String] = [:]
        var keys: [String: String] = [:]
        var nodes = WireFields(graph)
        while let node = try nodes.next() {
            guard case (1, .bytes(let object)) = node else { continue }
            var fields = WireFields(object)
            while let field = try fields.next() {
                guard case (2, .bytes(let variable)) = field, let (name, key) = try nameAndKey(variable) else { continue }
                if let other = keys[name], other != key {
                    names[other] = nil
                } else {
                    names[key] = name
                }
                keys[name] = key
            }
        }
        return names
    }

    private static func nameAndKey(_ variable: ByteRegion) throws(ONNXError) -> (full: String, key: String)? {
        var (full, key) = ("", "")
        var fields = WireFields(variable)
        while let field = try fields.next() {
            guard case (let number, .bytes(let text)) = field, number == 2 || number == 3 else { continue }
            var cursor = ByteCursor(text)
            let value = try cursor.string(text.count)
            if number == 2 { full = value } else { key = value }
        }
        return full.isEmpty || key.isEmpty ? nil : (full, key)
    }
}
