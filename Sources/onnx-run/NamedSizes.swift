internal import Bytes

/// Arguments as `input_ids=1x128` and `batch=8`.
enum NamedSizes {
    static func shapes(_ arguments: [String], option: String) throws -> [String: [Int]] {
        try pairs(arguments, option, "name=1x128").mapValues { text in
            let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard text.isEmpty || sizes.allSatisfy({ $0.map { $0 >= 0 } ?? false }) else {
                throw ONNXError(.usage, "\(option) \(quoted(text)) is no shape", remedy: "write it as 1x128")
            }
            return sizes.compactMap { $0 }
        }
    }

    static func dimensions(_ arguments: [String]) throws -> [String: Int] {
        try pairs(arguments, "--dim", "name=128").mapValues { text in
            guard let size = Int(text), size >= 0 else { throw ONNXError(.usage, "--dim \(quoted(text)) is no number", remedy: "write it as name=128") }
            return size
        }
    }

    private static func pairs(_ arguments: [String], _ option: String, _ form: String) throws -> [String: String] {
        try Dictionary(
            arguments.map { argument in
                guard let equals = argument.lastIndex(of: "=") else { throw ONNXError(.usage, "\(option) \(quoted(argument)): \(form) expected") }
                return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
            }, uniquingKeysWith: { _, last in last })
    }
}
