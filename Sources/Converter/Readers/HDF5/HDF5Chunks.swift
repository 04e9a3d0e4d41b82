internal import Bytes
internal import TensorFiles
internal import Tensors

/// A dataset in pieces of equal extents, found by a B-tree. Pieces at the far edges reach over them.
struct HDF5Chunks: Sendable {
    private struct Chunk {
        let origin: [Int]
        let stored: ByteRegion
        /// The filters that were left out.
        let mask: UInt32
    }

    private let tree: Int?
    private let extents: [Int]
    private let shape: [Int]
    /// Bytes of an element.
    private let width: Int
    /// Bytes of a chunk's values.
    private let byteCount: Int
    private let filters: HDF5Filters
    private let file: HDF5File

    /// Reads the rest of a layout of version 3.
    init(_ cursor: inout ByteCursor, filters: HDF5Filters, shape: [Int], width: Int, in file: HDF5File) throws(ONNXError) {
        let rank = Int(try cursor.uint8()) - 1
        tree = try cursor.address(file.addressWidth)
        guard rank == shape.count, rank > 0 else { throw cursor.error(.malformed, "chunks of \(rank) axes for a dataset of \(shape.count)") }
        var extents: [Int] = []
        for _ in 0..<rank { extents.append(Int(try cursor.uint32())) }
        guard !extents.contains(0), Int(try cursor.uint32()) == width else {
            throw cursor.error(.malformed, "chunks of \(Shape.text(extents)) elements, or of elements that are not of \(width) bytes")
        }
        let (bytes, overflow) = try Shape.count(extents).multipliedReportingOverflow(by: width)
        guard !overflow else { throw cursor.error(.limit, "chunks of \(Shape.text(extents)) elements have more bytes than 64 bits can count") }
        self.extents = extents
        self.shape = shape
        self.width = width
        byteCount = bytes
        self.filters = filters
        self.file = file
    }

    /// The values. What no chunk holds is `fill`.
    func tensor(_ type: ElementType, fill: [UInt8]) throws -> Tensor {
        let chunks = try chunks()
        let count = try Shape.byteCount(try Shape.count(shape), type)
        // Chunks may be far larger than what they hold of the dataset.
        let (whole, overflow) = chunks.count.multipliedReportingOverflow(by: byteCount)
        try file.checkExpansion(from: chunks.reduce(0) { $0 + $1.stored.count }, to: overflow ? Int.max : max(count, whole))
        let tensor = try MutableTensor(type, shape)
        let target = tensor.rawBytes()
        let all = zip(shape, extents).reduce(1) { $0 * (1 + ($1.0 - 1) / $1.1) }
        if chunks.count < all { target.fill(repeating: fill) }
        for chunk in chunks {
            let values = try filters.undo(chunk.stored, count: byteCount, except: chunk.mask)
            place(Elements(Storage(values), byteOffset: 0, count: byteCount), at: chunk.origin, in: target)
        }
        return tensor.tensor
    }

    /// Copies a chunk's rows, as far as they lie within the dataset.
    private func place(_ chunk: Elements<UInt8>, at origin: [Int], in target: MutableElements<UInt8>) {
        let used = shape.indices.map { min(extents[$0], shape[$0] - origin[$0]) }
        let (from, to) = (Shape.strides(extents), Shape.strides(shape))
        let last = shape.count - 1
        let rows = Shape.product(used[..<last])
        for row in 0..<rows {
            var rest = row
            var source = 0
            var destination = origin[last]
            for axis in stride(from: last - 1, through: 0, by: -1) {
                let index = rest % used[axis]
                rest /= used[axis]
                source += index * from[axis]
                destination += (origin[axis] + index) * to[axis]
            }
            target.copy(chunk, from: source * width, count: used[last] * width, to: destination * width)
        }
    }

    private func chunks() throws(ONNXError) -> [Chunk] {
        guard let tree else { return [] }
        var budget = HDF5Budget(file.limits)
        let leaves = try HDF5Tree.leaves(at: tree, .chunks, keyWidth: 8 + 8 * (shape.count + 1), in: file, &budget)
        var chunks: [Chunk] = []
        var origins: Set<[Int]> = []
        var stored = 0
        for leaf in leaves {
            var key = ByteCursor(leaf.key)
            let count = Int(try key.uint32())
            let mask = try key.uint32()
            var origin: [Int] = []
            for axis in shape.indices {
                let start = try key.size64()
                guard start % extents[axis] == 0, start < shape[axis] else { throw key.error(.malformed, "a chunk outside of the dataset") }
                origin.append(start)
            }
            guard origins.insert(origin).inserted else { throw key.error(.malformed, "two chunks at \(Shape.text(origin))") }
            guard filters.isDeflated(except: mask) || count == byteCount else {
                throw key.error(.malformed, "a chunk of \(count) bytes where its values have \(byteCount)")
            }
            stored += count
            // Chunks that share their bytes would let a small file ask for much work.
            guard stored <= file.region.count else { throw key.error(.malformed, "the chunks have more bytes together than the file") }
            chunks.append(Chunk(origin: origin, stored: try file.region.slice(offset: leaf.child, count: count), mask: mask))
        }
        return chunks
    }
}
