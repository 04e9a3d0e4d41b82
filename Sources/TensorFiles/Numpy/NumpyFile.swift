package import Bytes
package import Tensors

/// Arrays as `numpy.save` writes them.
///
/// Types that NumPy lacks are written as a record of one unsigned field that the ONNX type names, packed types one element a byte, so that nothing is
/// guessed on either side: `numpy.load(f).view(ml_dtypes.bfloat16)` gives the values. Strings are `<U`; NumPy can't keep a NUL at their end.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package enum NumpyFile {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// The array in `region`. Where the file holds the elements as a tensor does, they are not copied.
    package static func read(_ region: ByteRegion, limits: Limits = Limits()) throws(ONNXError) -> Tensor {
        do {
            return try tensor(region, limits: limits)
        } catch {
            throw error.place.isEmpty ? error.at(quoted(region.file.name)) : error
        }
    }

    private static func tensor(_ region: ByteRegion, limits: Limits) throws(ONNXError) -> Tensor {
        var cursor = ByteCursor(region)
        guard region.count >= 10, try cursor.take(6).bytes() == magic else {
            throw ONNXError(.malformed, "is not a .npy file\(FileKind.hint(region, expected: .numpyArray))")
        }
        let version = try cursor.uint8()
        guard (1...3).contains(version), try cursor.uint8() == 0 else { throw ONNXError(.unsupported, "a .npy file of version \(version); 1 to 3 are read") }
        let length = version == 1 ? Int(try cursor.uint16()) : Int(try cursor.uint32())
        guard length <= 65_536 else { throw ONNXError(.limit, "the header has \(length) bytes, above the limit of 65536") }
        let header = try NumpyHeader(try cursor.take(length).bytes(), limits: limits)
        let count = try Shape.count(header.shape)
        let (expected, overflow) = count.multipliedReportingOverflow(by: header.type.width)
        guard !overflow, expected == cursor.remaining else {
            let size = overflow ? "more bytes than 64 bits can count" : "\(expected) bytes"
            throw ONNXError(.malformed, "an array of shape \(Shape.text(header.shape)) has \(size), but \(cursor.remaining) follow the header")
        }
        return try elements(cursor.take(expected), header)
    }

    private static func elements(_ data: ByteRegion, _ header: NumpyHeader) throws(ONNXError) -> Tensor {
        let stored = header.isFortran ? [Int](header.shape.reversed()) : header.shape
        let tensor: Tensor
        switch header.type {
        case .unicode(let width, let isBigEndian):
            tensor = try Tensor(strings: NumpyStrings.decodeUnicode(data, width: width, isBigEndian: isBigEndian), shape: stored)
        case .byteString(let width):
            tensor = try Tensor(strings: NumpyStrings.decodeBytes(data, width: width), shape: stored)
        case .unpacked(let type):
            let bytes = try Tensor(.uint8, stored, Storage(data))
            let straight = header.isFortran ? try reversedAxes(bytes) : bytes
            return try straight.packed(as: type)
        case .fixed(let type, let isBigEndian):
            let raw = try Tensor(type, stored, Storage(data))
            tensor = isBigEndian ? try byteSwapped(raw) : raw
        }
        return header.isFortran ? try reversedAxes(tensor) : tensor
    }

    /// Writes `tensor` as one array.
    package static func write(_ tensor: Tensor, to sink: any ByteSink) throws(ONNXError) {
        guard let descr = NumpyType.descr(tensor.elementType) else {
            let strings = try tensor.stringArray()
            let width = NumpyStrings.width(strings)
            try sink.write(try header("'<U\(width)'", tensor.shape))
            return try NumpyStrings.encode(strings, width: width, to: sink)
        }
        try sink.write(try header(descr, tensor.shape))
        try sink.write(tensor.elementType.isPacked ? try tensor.unpacked() : tensor)
    }

    /// Padded so that the elements begin at a multiple of 64.
    private static func header(_ descr: String, _ shape: [Int]) throws(ONNXError) -> [UInt8] {
        let dimensions = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let text = Array("{'descr': \(descr), 'fortran_order': False, 'shape': (\(dimensions)), }".utf8)
        let padding = 63 - (10 + text.count) % 64
        let length = text.count + padding + 1
        guard length <= 0xFFFF else { throw ONNXError(.limit, "a tensor of \(shape.count) axes doesn't fit the header of a .npy file") }
        let size = [UInt8(length & 0xFF), UInt8(length >> 8)]
        return magic + [1, 0] + size + text + [UInt8](repeating: 0x20, count: padding) + [0x0A]
    }
}

private struct NumpyHeader {
    var type: NumpyType
    var isFortran: Bool
    var shape: [Int]

    init(_ bytes: [UInt8], limits: Limits) throws(ONNXError) {
        guard case .dictionary(let entries) = try PythonLiteral(bytes), Set(entries.keys) == ["descr", "fortran_order", "shape"],
            case .bool(let isFortran)? = entries["fortran_order"], case .list(let dimensions)? = entries["shape"], let descr = entries["descr"]
        else { throw ONNXError(.malformed, "the header is not {'descr': …, 'fortran_order': True or False, 'shape': (…)}") }
        guard dimensions.count <= limits.rank else { throw ONNXError(.limit, "the array has \(dimensions.count) axes, above the limit of \(limits.rank)") }
        self.isFortran = isFortran
        shape = try dimensions.map { dimension throws(ONNXError) in
            guard case .integer(let size) = dimension, size >= 0 else { throw ONNXError(.malformed, "the header's shape has a dimension that is no size") }
            return size
        }
        type = try NumpyType(descr)
    }
}

/// The elements with the order of their bytes reversed; of complex numbers, of each half.
private func byteSwapped(_ tensor: Tensor) throws(ONNXError) -> Tensor {
    let isComplex = tensor.elementType == .complex64 || tensor.elementType == .complex128
    let width = tensor.elementType.bitWidth / (isComplex ? 16 : 8)
    let source = try tensor.bytes()
    let result = try MutableTensor(tensor.elementType, tensor.shape)
    let target = result.rawBytes()
    for start in stride(from: 0, to: source.count, by: width) {
        for byte in 0..<width { target[start + byte] = source[start + width - 1 - byte] }
    }
    return result.tensor
}

/// The transpose by all axes: what an array in Fortran's order is in C's.
private func reversedAxes(_ tensor: Tensor) throws(ONNXError) -> Tensor {
    let shape = [Int](tensor.shape.reversed())
    // Strides of the source's axes, in the order of the result's.
    let strides = [Int](Shape.strides(tensor.shape).reversed())
    if case .strings(let strings) = tensor.contents {
        var result: [String] = []
        result.reserveCapacity(strings.count)
        forEachOffset(shape, strides) { result.append(strings[$0]) }
        return try Tensor(strings: result, shape: shape)
    }
    let width = tensor.elementType.bitWidth / 8
    let source = try tensor.bytes()
    let result = try MutableTensor(tensor.elementType, shape)
    let target = result.rawBytes()
    var position = 0
    forEachOffset(shape, strides) { offset in
        target.copy(source, from: offset * width, count: width, to: position)
        position += width
    }
    return result.tensor
}

/// Calls `body` with the offset of each element of `shape` in row-major order. The count is known to fit.
private func forEachOffset(_ shape: [Int], _ strides: [Int], _ body: (Int) -> Void) {
    guard !shape.contains(0) else { return }
    var index = [Int](repeating: 0, count: shape.count)
    var offset = 0
    while true {
        body(offset)
        var axis = shape.count - 1
        while axis >= 0 {
            index[axis] += 1
            offset += strides[axis]
            if index[axis] < shape[axis] { break }
            offset -= strides[axis] * shape[axis]
            index[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}
