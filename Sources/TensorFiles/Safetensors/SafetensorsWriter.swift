package import Bytes
package import Tensors

extension SafetensorsFile {
    /// Writes `tensors`, widest elements first so that each is aligned, after a header that ends at a multiple of 64.
    ///
    /// The file appears once `file` is committed. Names must differ from each other and from `__metadata__`.
    package static func write(_ tensors: [(name: String, tensor: Tensor)], metadata: [(String, String)] = [], to file: AtomicFile) throws {
        do {
            let layout = try SafetensorsLayout(tensors)
            try file.write(layout.header(metadata: metadata))
            for payload in layout.payloads { try payload.forEachPiece { try file.write($0) } }
        } catch let error as ONNXError {
            throw error.place.isEmpty ? error.at(quoted(file.path)) : error
        }
    }
}
