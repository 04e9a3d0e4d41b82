internal import Bytes
internal import Tensors

/// A value as a person reads it: name, type, shape and the corners of its contents.
struct Preview {
    /// Elements shown at each end of an axis.
    private static let edge = 3

    let name: String
    let value: Value

    var text: String {
        let name = quoted(name)
        return switch value {
        case .tensor(let tensor): "\(name)  \(tensor)\n  \(contents(tensor))\n"
        case .sequence(let values, _):
            "\(name)  sequence of \(values.count)\n" + values.prefix(Self.edge).enumerated().map { "  " + Preview(name: "[\($0)]", value: $1).text }.joined()
        case .optional(nil, let type): "\(name)  optional(\(type)) without a value\n"
        case .optional(let value?, _): Preview(name: name, value: value).text
        case .map(let keys, let values, _): "\(name)  map of \(values.count)\n  keys \(contents(keys))\n"
        }
    }

    private func contents(_ tensor: Tensor) -> String {
        do {
            let show: (Int) -> String
            if tensor.elementType == .string {
                let strings = try tensor.stringArray()
                show = { "\"\(quoted(String(strings[$0].prefix(200))))\"" }
            } else if tensor.elementType == .bool {
                let elements = try tensor.elements(TensorBool.self)
                show = { elements[$0].value ? "true" : "false" }
            } else if tensor.elementType.isInteger {
                let numbers = try tensor.unpacked()
                show = try Self.integers(numbers)
            } else {
                let numbers = try tensor.doubles()
                show = { Self.decimal(numbers[$0]) }
            }
            return nested(tensor.shape, axis: 0, start: 0, Shape.strides(tensor.shape), show)
        } catch {
            return "(\(error))"
        }
    }

    private static func integers(_ tensor: Tensor) throws -> (Int) -> String {
        if tensor.elementType == .int64 {
            let elements = try tensor.elements(Int64.self)
            return { "\(elements[$0])" }
        }
        if tensor.elementType == .uint64 {
            let elements = try tensor.elements(UInt64.self)
            return { "\(elements[$0])" }
        }
        let numbers = try tensor.doubles()
        return { "\(Int64(numbers[$0]))" }
    }

    private static func decimal(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let magnitude = value.magnitude
        guard magnitude == 0 || (1e-4..<1e6).contains(magnitude) else { return "\(Float(value))" }
        let scaled = (value * 10_000).rounded()
        let whole = "\(Int(scaled.magnitude))"
        let digits = String(repeating: "0", count: Swift.max(0, 5 - whole.count)) + whole
        return (scaled < 0 ? "-" : "") + digits.dropLast(4) + "." + digits.suffix(4)
    }

    private func nested(_ shape: [Int], axis: Int, start: Int, _ strides: [Int], _ show: (Int) -> String) -> String {
        guard axis < shape.count else { return show(start) }
        let size = shape[axis]
        let shown = size <= 2 * Self.edge ? Array(0..<size) : Array(0..<Self.edge) + [-1] + Array(size - Self.edge..<size)
        let parts = shown.map { $0 < 0 ? "…" : nested(shape, axis: axis + 1, start: start + $0 * strides[axis], strides, show) }
        let isInnermost = axis == shape.count - 1
        return "[" + parts.joined(separator: isInnermost ? ", " : ",\n   " + String(repeating: " ", count: axis)) + "]"
    }
}
