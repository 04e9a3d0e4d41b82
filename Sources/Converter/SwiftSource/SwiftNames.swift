/// Swift identifiers for names of weights: readable, never a keyword, never twice.
struct SwiftNames {
    private var taken: Set<String>

    /// `taken` are names that no weight may get.
    init(taken: Set<String>) { self.taken = taken }

    /// `transformer.layer.0.attention.q_lin.weight` becomes `transformerLayer0AttentionQLinWeight`.
    mutating func identifier(_ name: String) -> String {
        let plain = Self.camelCase(name)
        var free = plain
        var number = 2
        while !taken.insert(free).inserted {
            free = "\(plain)_\(number)"
            number += 1
        }
        return Self.keywords.contains(free) ? "`\(free)`" : free
    }

    /// The name of a module: as `identifier`, beginning with a capital.
    static func module(_ name: String) -> String {
        let plain = camelCase(name)
        let module = plain.first.map { $0.uppercased() + plain.dropFirst() } ?? "Weights"
        return keywords.contains(module) || module == "Foundation" || module == "Swift" ? module + "Weights" : module
    }

    private static func camelCase(_ name: String) -> String {
        let words = name.unicodeScalars.split { !isLetterOrDigit($0) }.map { String(String.UnicodeScalarView($0)) }
        let text = words.enumerated().map { index, word in
            let head = word.prefix(1)
            // LayerNorm begins a name as layerNorm.
            return (index == 0 ? head.lowercased() : head.uppercased()) + word.dropFirst()
        }.joined()
        guard let first = text.unicodeScalars.first else { return "weight" }
        return ("0"..."9").contains(first) ? "_" + text : text
    }

    /// Of ASCII only: what else may stand in an identifier differs between versions of Unicode.
    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }

    /// Source: The Swift Programming Language, "Keywords and Punctuation"
    private static let keywords: Set<String> = [
        "associatedtype", "borrowing", "class", "consuming", "deinit", "enum", "extension", "fileprivate", "func", "import", "init", "inout", "internal", "let",
        "nonisolated", "open", "operator", "precedencegroup", "private", "protocol", "public", "rethrows", "static", "struct", "subscript", "typealias", "var",
        "break", "case", "catch", "continue", "default", "defer", "do", "else", "fallthrough", "for", "guard", "if", "in", "repeat", "return", "switch",
        "throw",
        "where", "while", "Any", "as", "await", "false", "is", "nil", "self", "Self", "super", "throws", "true", "try", "Type", "Protocol", "some", "any",
        "macro", "actor", "async", "each", "package", "sending",
    ]
}
