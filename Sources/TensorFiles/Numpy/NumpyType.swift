internal import Bytes
internal import Tensors

/// How NumPy names an element type (`descr`) and lays it out.
enum NumpyType: Equatable {
    /// Elements that a tensor holds the same way, but for the byte order.
    case fixed(ElementType, isBigEndian: Bool)
    /// One element of a packed type in each byte.
    case unpacked(ElementType)
    /// `<U7`: fixed-width UTF-32.
    case unicode(Int, isBigEndian: Bool)
    /// `|S7`: fixed-width bytes, which must be UTF-8.
    case byteString(Int)

    /// Bytes of one element.
    var width: Int {
        switch self {
        case .fixed(let type, _): type.bitWidth / 8
        case .unpacked: 1
        case .unicode(let count, _): 4 * count
        case .byteString(let count): count
        }
    }

    /// The type that `descr` stands for.
    ///
    /// Types that NumPy lacks are records of one field named by the ONNX type, `[('bfloat16', '<u2')]`, as NumpyFile writes them.
    init(_ descr: PythonLiteral) throws(ONNXError) {
        if case .list(let fields) = descr {
            guard fields.count == 1, case .list(let field) = fields[0], field.count == 2, case .string(let name) = field[0], case .string(let bits) = field[1],
                let type = ElementType(name: name), bits == Self.recordBits(type)
            else { throw Self.refused("a structured type", "save each field as an array of its own") }
            self = type.isPacked ? .unpacked(type) : .fixed(type, isBigEndian: false)
            return
        }
        guard case .string(let text) = descr else { throw ONNXError(.malformed, "the header's descr is neither a string nor a list") }
        var rest = text[...]
        let order = rest.first ?? " "
        if "<>|=".contains(order) { rest.removeFirst() }
        guard let kind = rest.popFirst() else { throw ONNXError(.malformed, "the element type '\(quoted(text))' is not one of NumPy's") }
        let isBigEndian = order == ">"
        if kind == "U" || kind == "S" {
            guard let count = Int(rest), count > 0, count <= 1 << 30 else {
                throw ONNXError(.malformed, "the string type '\(quoted(text))' has no possible width")
            }
            self = kind == "U" ? .unicode(count, isBigEndian: isBigEndian) : .byteString(count)
            return
        }
        guard let type = Self.plain["\(kind)\(rest)"] else { throw Self.refusal(kind, text) }
        self = .fixed(type, isBigEndian: isBigEndian && type.bitWidth > 8)
    }

    private static let plain: [String: ElementType] = [
        "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "f2": .float16,
        "f4": .float,
        "f8": .double, "c8": .complex64, "c16": .complex128,
        // What numpy.save makes of ml_dtypes.float8_e5m2 and ml_dtypes.bfloat16.
        "f1": .float8e5m2, "V2": .bfloat16,
    ]

    private static func refusal(_ kind: Character, _ text: String) -> ONNXError {
        switch kind {
        case "O": refused("Python objects ('O')", "convert the array, for example with .astype(str) or .astype(numpy.float32)")
        case "M", "m": refused("dates or times ('\(quoted(text))')", "convert the array with .astype(numpy.int64)")
        case "V": refused("raw bytes ('\(quoted(text))'), which could be any type", "save array.view([('float8e4m3fn', 'u1')]), with the ONNX type's name")
        case "f", "c": refused("numbers of a width that ONNX doesn't have ('\(quoted(text))')", "convert the array with .astype(numpy.float64)")
        default: ONNXError(.malformed, "the element type '\(quoted(text))' is not one of NumPy's")
        }
    }

    private static func refused(_ what: String, _ remedy: String) -> ONNXError {
        ONNXError(.unsupported, "the array holds \(what), which no tensor does", remedy: remedy)
    }

    /// The unsigned type that carries the bits of a type that NumPy lacks.
    private static func recordBits(_ type: ElementType) -> String? {
        switch type {
        case .bfloat16: "<u2"
        case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: "|u1"
        case .float6e2m3, .float6e3m2, .uint4, .int4, .float4e2m1, .uint2, .int2: "|u1"
        default: nil
        }
    }

    /// What a header's `descr` says for a tensor of `type`; nil for strings.
    static func descr(_ type: ElementType) -> String? {
        if let bits = recordBits(type) { return "[('\(type.name)', '\(bits)')]" }
        guard let name = plain.first(where: { $0.value == type })?.key else { return nil }
        return "'\(type.bitWidth == 8 ? "|" : "<")\(name)'"
    }
}
