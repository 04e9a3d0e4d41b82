package import Bytes
package import Tensors

/// Named arrays as `numpy.savez` writes them: a zip archive with an entry `NAME.npy` for each.
///
/// Names stand in the archive as they are, `/` and `::` too: `numpy.load(f)["/model/layer.0/Add"]` finds them.
package enum NumpyArchive {
    /// The arrays in the archive's order. Those that are not compressed are not copied.
    package static func read(_ region: ByteRegion, limits: Limits = Limits()) throws -> [(name: String, tensor: Tensor)] {
        let archive = try ZipReader(region, limits: limits)
        return try archive.entries.map { entry in
            guard entry.name.hasSuffix(".npy") else {
                throw ONNXError(
                    .malformed, "the entry \"\(quoted(entry.name))\" is not an array (NAME.npy): is this an .npz file?", place: [quoted(region.file.name)])
            }
            do {
                return (String(entry.name.dropLast(4)), try NumpyFile.read(try archive.contents(entry), limits: limits))
            } catch let error as ONNXError {
                var error = error
                if error.place.first != quoted(region.file.name) || error.place.count == 1 {
                    error.place = [quoted(region.file.name), "entry \"\(quoted(entry.name))\""] + error.place.dropFirst()
                }
                throw error
            }
        }
    }

    /// Writes the arrays; the archive is complete once `file` is committed.
    package static func write(_ tensors: [(name: String, tensor: Tensor)], to file: AtomicFile) throws {
        let archive = ZipWriter(file)
        for (name, tensor) in tensors {
            guard !name.utf8.contains(0) else { throw ONNXError(.usage, "the name \"\(quoted(name))\" has a NUL, which an .npz file can't keep") }
            try archive.entry(name + ".npy") { try NumpyFile.write(tensor, to: $0) }
        }
        try archive.finish()
    }
}
