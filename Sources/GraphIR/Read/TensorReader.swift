internal import Bytes
internal import Tensors

/// Makes tensors of TensorProto and SparseTensorProto messages.
struct TensorReader {
    private typealias Field = ProtoField.Tensor

    let file: MappedFile
    let payload: PayloadFile
    let external: ExternalData
    let limits: Limits
    let budget: Budget

    /// What all tensors of a model have declared so far.
    final class Budget {
        var declared = 0
        var densified = 0
    }

    init(_ file: MappedFile, external: ExternalData, limits: Limits) {
        self.file = file
        payload = PayloadFile(ByteRegion(file))
        self.external = external
        self.limits = limits
        budget = Budget()
    }

    func tensor(_ proto: ProtoMessage) throws(ONNXError) -> Tensor {
        guard !proto.has(Field.segment) else { throw ONNXError(.unsupported, "the tensor is stored in segments, which ONNX no longer uses") }
        let type = try elementType(proto.integer(Field.dataType) ?? 0)
        let shape = try dimensions(proto.integers(Field.dims))
        let count = try Shape.count(shape)
        let byteCount = try Shape.byteCount(count, type)
        try declare(byteCount, of: type, shape)
        let data = try source(proto, type)
        if proto.integer(Field.dataLocation) ?? 0 == 1 {
            guard data == nil else { throw ONNXError(.malformed, "the tensor has external_data and elements of its own") }
            return try externalTensor(proto, type, shape, byteCount)
        }
        switch data {
        case nil:
            guard count == 0 else { throw ONNXError(.malformed, "\(type)\(Shape.text(shape)) has no elements: neither raw_data nor a field of its type") }
            return type == .string ? try Tensor(strings: [], shape: shape) : try MutableTensor(type, shape).tensor
        case Field.rawData: return try raw(proto, type, shape, byteCount)
        case Field.stringData: return try strings(proto, shape, count)
        case let number?: return try typed(proto, number, type, shape, byteCount)
        }
    }

    /// The one field that holds the elements.
    private func source(_ proto: ProtoMessage, _ type: ElementType) throws(ONNXError) -> Int? {
        let all = [Field.rawData, Field.floatData, Field.int32Data, Field.stringData, Field.int64Data, Field.doubleData, Field.uint64Data]
        let present = all.filter { proto.has($0) }
        guard let number = present.first else { return nil }
        guard present.count == 1 else {
            let names = present.map { Schema.tensorFieldName($0) }
            throw ONNXError(.malformed, "the tensor's elements stand in two places, \(names.joined(separator: " and "))")
        }
        let expected = Self.field(of: type)
        guard number == expected || (number == Field.rawData && type != .string) else {
            let raw = type == .string ? "" : "raw_data or "
            throw ONNXError(.malformed, "elements of type \(type) stand in \(Schema.tensorFieldName(number)), not in \(raw)\(Schema.tensorFieldName(expected))")
        }
        return number
    }

    /// Where the standard puts elements of `type` that are not raw.
    private static func field(of type: ElementType) -> Int {
        switch type {
        case .float, .complex64: Field.floatData
        case .double, .complex128: Field.doubleData
        case .int64: Field.int64Data
        case .uint32, .uint64: Field.uint64Data
        case .string: Field.stringData
        default: Field.int32Data
        }
    }

    private func raw(_ proto: ProtoMessage, _ type: ElementType, _ shape: [Int], _ byteCount: Int) throws(ONNXError) -> Tensor {
        guard let place = proto.payload(Field.rawData).first, place.count == byteCount else {
            let found = proto.payload(Field.rawData).first?.count ?? 0
            throw ONNXError(.malformed, "raw_data has \(found) bytes where \(type)\(Shape.text(shape)) needs \(byteCount)")
        }
        return try Tensor(type, shape, payload.storage, byteOffset: place.lowerBound)
    }

    private func externalTensor(_ proto: ProtoMessage, _ type: ElementType, _ shape: [Int], _ byteCount: Int) throws(ONNXError) -> Tensor {
        guard type != .string else { throw ONNXError(.malformed, "strings can't be external data") }
        let entries = proto.messages(Field.externalData).map {
            (key: $0.text(ProtoField.StringStringEntry.key), value: $0.text(ProtoField.StringStringEntry.value))
        }
        let (storage, offset) = try external.bytes(ExternalData.Entry(entries), count: byteCount)
        return try Tensor(type, shape, storage, byteOffset: offset)
    }

    private func strings(_ proto: ProtoMessage, _ shape: [Int], _ count: Int) throws(ONNXError) -> Tensor {
        var strings: [String] = []
        for (index, string) in proto.strings(Field.stringData).enumerated() {
            guard let string else { throw ONNXError(.malformed, "string \(index) of the tensor is not UTF-8") }
            strings.append(string)
        }
        guard strings.count == count else { throw ONNXError(.malformed, "string_data has \(strings.count) strings where \(Shape.text(shape)) needs \(count)") }
        return try Tensor(strings: strings, shape: shape)
    }

    /// Elements in a field of numbers. Floats and doubles lie there as in memory; integers are varints.
    private func typed(_ proto: ProtoMessage, _ number: Int, _ type: ElementType, _ shape: [Int], _ byteCount: Int) throws(ONNXError) -> Tensor {
        let pieces = proto.payload(number)
        guard number == Field.floatData || number == Field.doubleData else {
            do throws(ONNXError) {
                return try VarintElements(file, pieces, Schema.tensorFieldName(number)).tensor(type, shape, byteCount)
            } catch {
                // The caller names the file.
                throw ONNXError(error.code, error.message, place: Array(error.place.dropFirst()), remedy: error.remedy)
            }
        }
        let found = pieces.reduce(0) { $0 + $1.count }
        guard found == byteCount else {
            throw ONNXError(.malformed, "\(Schema.tensorFieldName(number)) has \(found) bytes where \(type)\(Shape.text(shape)) needs \(byteCount)")
        }
        if pieces.count == 1 { return try Tensor(type, shape, payload.storage, byteOffset: pieces[0].lowerBound) }
        let result = try MutableTensor(type, shape)
        var done = 0
        for piece in pieces {
            result.rawBytes().copy(Elements(payload.storage, byteOffset: piece.lowerBound, count: piece.count), from: 0, count: piece.count, to: done)
            done += piece.count
        }
        return result.tensor
    }

    func elementType(_ number: Int64) throws(ONNXError) -> ElementType {
        if let type = Int32(exactly: number).flatMap(ElementType.init(rawValue:)) { return type }
        switch number {
        case 0: throw ONNXError(.malformed, "the tensor has no element type")
        default: throw ONNXError(.malformed, "\(number) is no element type of ONNX; 1 to 28 are")
        }
    }

    private func dimensions(_ dims: [Int64]) throws(ONNXError) -> [Int] {
        guard dims.count <= limits.rank else {
            throw ONNXError(.limit, "the tensor has \(dims.count) dimensions, more than \(limits.rank)", remedy: "raise Limits.rank")
        }
        return dims.map { Int($0) }
    }

    private func declare(_ bytes: Int, of type: ElementType, _ shape: [Int]) throws(ONNXError) {
        let (sum, overflow) = budget.declared.addingReportingOverflow(bytes)
        guard !overflow, sum <= limits.tensorBytes else {
            throw ONNXError(
                .limit, "with \(type)\(Shape.text(shape)) the tensors declare more than \(limits.tensorBytes) bytes together",
                remedy: "raise Limits.tensorBytes")
        }
        budget.declared = sum
    }
}

extension Schema {
    static func tensorFieldName(_ number: Int) -> String {
        all[RootMessage.tensor.index].field(UInt64(number))?.name ?? "?"
    }
}
