internal import Bytes
internal import Tensors

/// The leaves of a nested JSON array, in the narrowest form that holds all of them so far.
struct ScalarBuffer {
    private enum Kind {
        case empty
        case integers
        case unsigned
        case numbers
        case bools
        case strings
    }

    private var kind = Kind.empty
    /// Integers, unsigned ones by their bits, booleans as 0 and 1.
    private var integers: [Int64] = []
    private var numbers: [Double] = []
    private var strings: [String] = []

    var count: Int { max(integers.count, numbers.count, strings.count) }

    /// Adds a scalar; `.shape` when it doesn't go with the others.
    mutating func append(_ event: JSONEvent) throws(ONNXError) {
        switch event {
        case .integer(let value):
            if kind == .empty { kind = .integers }
            if kind == .unsigned && value < 0 { becomeNumbers() }
            if kind == .integers || kind == .unsigned { integers.append(value) } else { try append(Double(value)) }
        case .unsigned(let value):
            if kind == .empty || (kind == .integers && !integers.contains { $0 < 0 }) { kind = .unsigned }
            if kind == .unsigned { integers.append(Int64(bitPattern: value)) } else { try append(Double(value)) }
        case .number(let value): try append(value)
        case .bool(let value):
            if kind == .empty { kind = .bools }
            guard kind == .bools else { throw mixed("a boolean") }
            integers.append(value ? 1 : 0)
        case .string(let value):
            if kind == .empty { kind = .strings }
            if kind == .strings {
                strings.append(value)
            } else {
                guard let number = nonFiniteNumber(value) else { throw mixed("a string") }
                try append(number)
            }
        default: throw ONNXError(.shape, "a number, a boolean or a string is expected")
        }
    }

    private mutating func append(_ value: Double) throws(ONNXError) {
        if kind != .numbers {
            guard kind != .bools, strings.allSatisfy({ nonFiniteNumber($0) != nil }) else { throw mixed("a number") }
            becomeNumbers()
        }
        numbers.append(value)
    }

    private mutating func becomeNumbers() {
        numbers = (0..<count).map { double($0) ?? .nan }
        (integers, strings, kind) = ([], [], .numbers)
    }

    private func mixed(_ what: String) -> ONNXError {
        let others =
            switch kind {
            case .bools: "booleans"
            case .strings: "strings"
            default: "numbers"
            }
        return ONNXError(.shape, "\(what) stands among \(others)")
    }

    private func double(_ index: Int) -> Double? {
        switch kind {
        case .empty: nil
        case .integers, .bools: Double(integers[index])
        case .unsigned: Double(UInt64(bitPattern: integers[index]))
        case .numbers: numbers[index]
        case .strings: nonFiniteNumber(strings[index])
        }
    }

    private func exact<T: FixedWidthInteger>(_ index: Int) -> T? {
        switch kind {
        case .empty, .strings: nil
        case .integers, .bools: T(exactly: integers[index])
        case .unsigned: T(exactly: UInt64(bitPattern: integers[index]))
        case .numbers: T(exactly: numbers[index])
        }
    }

    private func text(_ index: Int) -> String {
        kind == .strings
            ? "\"\(quoted(strings[index]))\""
            : kind == .numbers ? "\(numbers[index])" : kind == .unsigned ? "\(exact(index) ?? UInt64.max)" : "\(integers[index])"
    }
}

private func nonFiniteNumber(_ name: String) -> Double? {
    switch name {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: nil
    }
}

extension ScalarBuffer {
    /// The type that the values have by themselves: integers int64, numbers float.
    var ownType: ElementType {
        switch kind {
        case .empty, .numbers: .float
        case .integers: .int64
        case .unsigned: .uint64
        case .bools: .bool
        case .strings: .string
        }
    }

    /// The values as `type`. Numbers are rounded to a floating-point type; to any other they must convert exactly, 1.0 to 1 included.
    func tensor(_ type: ElementType, _ shape: [Int]) throws(ONNXError) -> Tensor {
        switch type {
        case .string:
            guard kind == .strings || kind == .empty else { throw unfit(0, type) }
            return try Tensor(strings: strings, shape: shape)
        case .float: return try converted(shape) { double($0).map { Float($0) } }
        case .double: return try converted(shape) { double($0) }
        case .float16: return try converted(shape) { double($0).map { Float16($0) } }
        case .bfloat16: return try converted(shape) { double($0).map { BFloat16(Float($0)) } }
        case .int8: return try converted(shape) { exact($0) as Int8? }
        case .int16: return try converted(shape) { exact($0) as Int16? }
        case .int32: return try converted(shape) { exact($0) as Int32? }
        case .int64: return try converted(shape) { exact($0) as Int64? }
        case .uint8: return try converted(shape) { exact($0) as UInt8? }
        case .uint16: return try converted(shape) { exact($0) as UInt16? }
        case .uint32: return try converted(shape) { exact($0) as UInt32? }
        case .uint64: return try converted(shape) { exact($0) as UInt64? }
        case .bool: return try converted(shape) { index in exact(index).flatMap { (bit: UInt8) in bit < 2 ? TensorBool(bit == 1) : nil } }
        case .int4, .int2: return try packed(type, shape, -(1 << (type.bitWidth - 1))..<(1 << (type.bitWidth - 1)))
        case .uint4, .uint2: return try packed(type, shape, 0..<(1 << type.bitWidth))
        case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float6e2m3, .float6e3m2, .float4e2m1:
            return try smallFloats(type, shape)
        case .complex64, .complex128: return try complex(type, shape)
        }
    }

    private func unfit(_ index: Int, _ type: ElementType) -> ONNXError {
        ONNXError(.shape, "element \(index) is \(text(index)), which is no value of \(type)")
    }

    private func converted<T: TensorElement>(_ shape: [Int], _ value: (Int) -> T?) throws(ONNXError) -> Tensor {
        let expected = try Shape.count(shape)
        guard expected == count else { throw ONNXError(.shape, "shape \(Shape.text(shape)) holds \(expected) elements, \(count) were given") }
        let tensor = try MutableTensor(T.elementType, shape)
        let elements = try tensor.elements(T.self)
        for index in 0..<count {
            guard let value = value(index) else { throw unfit(index, T.elementType) }
            elements[index] = value
        }
        return tensor.tensor
    }

    private func packed(_ type: ElementType, _ shape: [Int], _ range: Range<Int>) throws(ONNXError) -> Tensor {
        var bytes: [UInt8] = []
        for index in 0..<count {
            guard let value: Int = exact(index), range.contains(value) else { throw unfit(index, type) }
            bytes.append(UInt8(truncatingIfNeeded: value))
        }
        return try Tensor(bytes, shape: shape).packed(as: type)
    }

    private func smallFloats(_ type: ElementType, _ shape: [Int]) throws(ONNXError) -> Tensor {
        guard let format = SmallFloatFormat.of(type) else { throw ONNXError(.unsupported, "\(type) is not read from JSON") }
        var bytes: [UInt8] = []
        for index in 0..<count {
            guard let value = double(index) else { throw unfit(index, type) }
            bytes.append(format.encode(Float(value)))
        }
        return try Tensor(bytes, shape: shape).packed(as: type)
    }

    /// Two numbers an element: the real part and the imaginary one.
    private func complex(_ type: ElementType, _ shape: [Int]) throws(ONNXError) -> Tensor {
        let elements = try Shape.count(shape)
        guard count / 2 == elements, count % 2 == 0 else {
            throw ONNXError(.shape, "\(type)\(Shape.text(shape)) needs two numbers an element, \(count) numbers were given")
        }
        let halves = try tensor(type == .complex64 ? .float : .double, [count])
        let whole = try MutableTensor(type, shape)
        let bytes = try halves.bytes()
        whole.rawBytes().copy(bytes, from: 0, count: bytes.count, to: 0)
        return whole.tensor
    }
}
