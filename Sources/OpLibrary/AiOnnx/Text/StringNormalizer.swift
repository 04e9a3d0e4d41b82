internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Drops stop words and changes case. https://onnx.ai/onnx/operators/onnx__StringNormalizer.html
    package struct StringNormalizer: Operator {
        package static let schema = OperatorSchema(
            "StringNormalizer", since: [10], inputs: [.one("X", "tensor(string)")], outputs: [.one("Y", "tensor(string)")],
            attributes: [
                .defaulted("case_change_action", .string("NONE")), .defaulted("is_case_sensitive", .int(0)), .optional("locale", .string),
                .optional("stopwords", .strings),
            ], types: ["tensor(string)": .tensors(.string)])
        package static let narrowTypes = NarrowTypes.asStored

        private enum CaseChange: String, CaseIterable {
            case none = "NONE"
            case lower = "LOWER"
            case upper = "UPPER"
        }

        private let change: CaseChange
        private let isCaseSensitive: Bool
        /// As UTF-8, for Swift's strings are equal where only their meaning is.
        private let stopWords: Set<[UInt8]>

        package init(_ node: NodeReader) throws {
            change = try node.choice("case_change_action")
            isCaseSensitive = try node.flag("is_case_sensitive")
            let sensitive = isCaseSensitive
            stopWords = Set((node.optionalStrings("stopwords") ?? []).map { Array((sensitive ? $0 : $0.lowercased()).utf8) })
            let locale = node.optionalString("locale") ?? ""
            guard change == .none || !["tr", "az", "lt"].contains(locale.prefix(2).lowercased()) else {
                throw ONNXError(.unsupported, "attribute 'locale' is '\(locale)', whose rules of case differ from Unicode's own")
            }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...2, "X")
            types.set(0, .string, types.shape(0).map { $0.dropLast() + [.unknown] })
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            guard x.rank == 1 || x.shape[0] == 1 else { throw ONNXError(.shape, "'X' is \(x), shape [C] or [1,C] expected") }
            let kept = try x.stringArray().filter { !stopWords.contains(Array((isCaseSensitive ? $0 : $0.lowercased()).utf8)) }
            let changed = kept.map { string in
                switch change {
                case .none: string
                case .lower: string.lowercased()
                case .upper: string.uppercased()
                }
            }
            let strings = changed.isEmpty ? [""] : changed
            context.set(0, try Tensor(strings: strings, shape: x.shape.dropLast() + [strings.count]))
        }
    }
}
