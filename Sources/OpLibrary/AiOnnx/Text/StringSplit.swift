internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Cuts strings at a delimiter or at white space. https://onnx.ai/onnx/operators/onnx__StringSplit.html
    package struct StringSplit: Operator {
        package static let schema = OperatorSchema(
            "StringSplit", since: [20], inputs: [.one("X", "T1")], outputs: [.one("Y", "T2"), .one("Z", "T3")],
            attributes: [.optional("delimiter", .string), .optional("maxsplit", .int)],
            types: ["T1": .tensors(.string), "T2": .tensors(.string), "T3": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        private let delimiter: [UInt8]
        private let maxSplit: Int

        package init(_ node: NodeReader) throws {
            delimiter = Array((node.optionalString("delimiter") ?? "").utf8)
            maxSplit = node.optionalInt("maxsplit") ?? -1
        }

        package func infer(_ types: Inference) throws {
            types.set(0, .string, types.shape(0).map { $0 + [.unknown] })
            types.set(1, .int64, types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let parts = try x.stringArray().map { string in
                let limit = maxSplit < 0 ? Int.max : maxSplit
                return delimiter.isEmpty ? Self.words(of: string, limit) : self.parts(of: Array(string.utf8), limit)
            }
            let width = parts.map(\.count).max() ?? 0
            let shape = x.shape + [width]
            try context.checkStringBudget(count: try Shape.count(shape), bytes: 0)
            let padded = parts.flatMap { $0 + Array(repeating: "", count: width - $0.count) }
            context.set(0, try Tensor(strings: padded, shape: shape))
            let counts = try context.output(1).elements(Int64.self)
            for (index, list) in parts.enumerated() { counts[index] = Int64(list.count) }
        }

        /// Cuts at each delimiter, `limit` times at most.
        private func parts(of bytes: [UInt8], _ limit: Int) -> [String] {
            var result: [String] = []
            var (start, place) = (0, 0)
            while result.count < limit, place <= bytes.count - delimiter.count {
                if bytes[place..<(place + delimiter.count)].elementsEqual(delimiter) {
                    result.append(String(decoding: bytes[start..<place], as: UTF8.self))
                    place += delimiter.count
                    start = place
                } else {
                    place += 1
                }
            }
            return result + [String(decoding: bytes[start...], as: UTF8.self)]
        }

        /// The words between white space; what follows the last of `limit` cuts stays as it is.
        private static func words(of string: String, _ limit: Int) -> [String] {
            var result: [String] = []
            var rest = string.unicodeScalars[...]
            while true {
                rest = rest.drop(while: isSpace)
                if rest.isEmpty { return result }
                if result.count == limit { return result + [String(rest)] }
                let word = rest.prefix { !isSpace($0) }
                result.append(String(word))
                rest = rest[word.endIndex...]
            }
        }

        /// White space as Python's `str.split` has it, which the standard's reference calls.
        private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value) }
    }
}
