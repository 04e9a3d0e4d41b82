internal import Bytes
internal import TensorFiles
internal import Tensors

/// The values of a dataset: where they lie, and how they become a tensor.
struct HDF5Dataset: Sendable {
    private enum Storage {
        /// One run of bytes of the file.
        case whole(ByteRegion)
        case chunks(HDF5Chunks)
        /// Nothing was ever written.
        case unwritten
    }

    let shape: [Int]
    let elementType: ElementType
    private let storage: Storage
    private let fill: [UInt8]
    private let file: HDF5File

    init(_ object: HDF5Object) throws(ONNXError) {
        file = object.file
        guard let space = try object.first(.dataspace), let type = try object.first(.datatype), let layout = try object.first(.layout) else {
            throw file.refused(.malformed, "is no dataset: it has no shape, no type or no layout")
        }
        shape = try HDF5Dataspace.shape(space, file)
        guard case .number(let elementType) = try HDF5Type(type).kind else { throw file.refused(.unsupported, "its elements are texts, which no weight holds") }
        self.elementType = elementType
        guard try object.first(.externalFiles) == nil else {
            throw file.refused(.path, "its values are in another file (external storage), which is never opened", remedy: HDF5Object.resave)
        }
        fill = try Self.fillValue(object, width: elementType.bitWidth / 8)
        let bytes = try Shape.byteCount(try Shape.count(shape), elementType)
        storage = bytes == 0 ? .unwritten : try Self.storage(layout, object, shape, elementType)
        switch storage {
        case .whole(let region):
            guard region.count == bytes else {
                throw file.refused(.malformed, "\(elementType)\(Shape.text(shape)) has \(bytes) bytes, but \(region.count) are stored")
            }
        case .unwritten: try file.checkExpansion(from: 0, to: bytes)
        case .chunks: break
        }
    }

    private static func storage(_ layout: ByteRegion, _ object: HDF5Object, _ shape: [Int], _ type: ElementType) throws(ONNXError) -> Storage {
        let file = object.file
        var cursor = ByteCursor(layout)
        let version = try cursor.uint8()
        guard version == 3 || version == 4 else { throw cursor.error(.unsupported, "a layout of version \(version); 3 and 4 are read") }
        switch try cursor.uint8() {
        case 0: return .whole(try cursor.take(Int(cursor.uint16())))
        case 1:
            let address = try cursor.address(file.addressWidth)
            let count = try cursor.length(file.lengthWidth)
            guard let address else { return .unwritten }
            return .whole(try file.region.slice(offset: address, count: count))
        case 2:
            guard version == 3 else { throw file.refused(.unsupported, "chunks with an index of HDF5 1.10's kinds", remedy: HDF5Object.resave) }
            return .chunks(try HDF5Chunks(&cursor, filters: HDF5Filters(object), shape: shape, width: type.bitWidth / 8, in: file))
        case 3:
            throw file.refused(.path, "is a virtual dataset, whose values are in other files, which are never opened", remedy: HDF5Object.resave)
        case let other: throw cursor.error(.malformed, "a layout of unknown class \(other)")
        }
    }

    /// The bytes of an element that was never written.
    private static func fillValue(_ object: HDF5Object, width: Int) throws(ONNXError) -> [UInt8] {
        var value: ByteRegion?
        if let message = try object.first(.fillValue) {
            var cursor = ByteCursor(message)
            let version = try cursor.uint8()
            guard (1...3).contains(version) else { throw cursor.error(.unsupported, "a fill value of version \(version); 1 to 3 are read") }
            let flags = try cursor.uint8()
            if version < 3 { try cursor.skip(1) }
            let isDefined = version == 3 ? flags & 0x20 != 0 : try cursor.uint8() != 0
            if isDefined || version == 1 { value = try cursor.take(Int(cursor.uint32())) }
        } else if let message = try object.first(.oldFillValue) {
            var cursor = ByteCursor(message)
            value = try cursor.take(Int(cursor.uint32()))
        }
        guard let value, value.count > 0 else { return [UInt8](repeating: 0, count: width) }
        guard value.count == width else { throw object.file.refused(.malformed, "a fill value of \(value.count) bytes for elements of \(width)") }
        return value.bytes()
    }

    /// The values; those of one run of bytes stay where they are.
    func tensor() throws -> Tensor {
        if case .whole(let region) = storage { return try Tensor(elementType, shape, Tensors.Storage(region)) }
        if case .chunks(let chunks) = storage { return try chunks.tensor(elementType, fill: fill) }
        let tensor = try MutableTensor(elementType, shape)
        tensor.rawBytes().fill(repeating: fill)
        return tensor.tensor
    }
}

extension HDF5File {
    /// Refuses values that take far more memory than there are bytes of them in the file.
    func checkExpansion(from stored: Int, to count: Int) throws(ONNXError) {
        let (most, overflow) = stored.multipliedReportingOverflow(by: limits.inflateRatio)
        // A small tensor may be stored in next to nothing.
        guard overflow || count <= max(most, 65_536) else {
            throw refused(
                .limit, "\(stored) bytes are stored for \(count) bytes of values, beyond the limit of \(limits.inflateRatio) to 1",
                remedy: "raise the limit inflateRatio")
        }
    }
}

extension MutableElements<UInt8> {
    /// Writes `pattern` over and over.
    func fill(repeating pattern: [UInt8]) {
        for index in indices { self[index] = pattern[index % pattern.count] }
    }
}
