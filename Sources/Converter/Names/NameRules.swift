/// How the names in checkpoints of a family lead to the names in its state dict. The tables themselves are in `NameTables.swift`.
///
/// A name is read in this order: the path of TensorFlow becomes a dotted name, the prefixes are dropped, the ending is renamed, the path is renamed.
package struct NameRules: Sendable {
    /// What the last component of a name is called in the state dict.
    package struct Ending: Sendable {
        let found: String
        let means: String
        /// Whether the values lie as [in, out] where the state dict has [out, in].
        let isTransposed: Bool
    }

    /// A dotted name and what it is called in the state dict. `#` stands for a number and a final `*` for the rest.
    package struct Path: Sendable {
        let found: [Substring]
        let means: [Substring]
    }

    /// A dotted name, with `#` and `*` as above, that stands for no weight, and why.
    package struct Ignored: Sendable {
        let found: [Substring]
        let reason: String
    }

    /// A weight one row of which is added to every row of another.
    package struct Addition: Sendable {
        let found: [Substring]
        let row: Int
        let target: String
    }

    /// Components in front that only say what the weight is part of; a final `*` stands for the rest of the component.
    let prefixes: [String]
    let endings: [Ending]
    let paths: [Path]
    let ignored: [Ignored]
    let additions: [Addition]

    /// What a name in a checkpoint means.
    enum Meaning: Equatable {
        case weight(String, isTransposed: Bool)
        case addition(row: Int, target: String)
        case ignored(String)
    }

    func meaning(of name: String) -> Meaning {
        var parts = withoutPrefixes(Self.components(name))
        var isTransposed = false
        if let ending = endings.first(where: { $0.found == parts.last ?? "" }) {
            parts[parts.count - 1] = ending.means[...]
            isTransposed = ending.isTransposed
        }
        if let addition = additions.first(where: { Self.match(parts, $0.found) != nil }) { return .addition(row: addition.row, target: addition.target) }
        for path in paths {
            if let captured = Self.match(parts, path.found) {
                parts = Self.filled(path.means, captured)
                break
            }
        }
        if let ignored = ignored.first(where: { Self.match(parts, $0.found) != nil }) { return .ignored(ignored.reason) }
        return .weight(parts.joined(separator: "."), isTransposed: isTransposed)
    }

    /// `name` without the prefixes that base models and head models differ in.
    func bare(_ name: String) -> String {
        withoutPrefixes(name.split(separator: ".", omittingEmptySubsequences: false)).joined(separator: ".")
    }

    private func withoutPrefixes(_ parts: [Substring]) -> [Substring] {
        var rest = parts[...]
        while rest.count > 1, let first = rest.first,
            prefixes.contains(where: { $0.hasSuffix("*") ? first.hasPrefix($0.dropLast()) : first == $0 })
        {
            rest = rest.dropFirst()
        }
        return Array(rest)
    }

    /// The components of a dotted name, or of one of TensorFlow's paths.
    ///
    /// Source: transformers' convert_tf_weight_name_to_pt_weight_name
    private static func components(_ name: String) -> [Substring] {
        guard name.contains("/") else { return name.split(separator: ".", omittingEmptySubsequences: false) }
        var parts = name.split(separator: "/")
        if parts.suffix(2) == [".ATTRIBUTES", "VARIABLE_VALUE"] {
            parts.removeLast(2)
        } else if let colon = parts[parts.count - 1].lastIndex(of: ":") {
            // A Keras variable: the first component is the model's instance.
            parts[parts.count - 1] = parts[parts.count - 1][..<colon]
            if parts.count > 2 { parts.removeFirst() }
        }
        return parts.flatMap { part -> [Substring] in
            // "tf_model___layer" says twice where it is; "layer_._0" and "layer_0" are "layer" and "0".
            let part = part.split(separator: "___", omittingEmptySubsequences: false).last ?? part
            if let dot = part.firstRange(of: "_._") { return [part[..<dot.lowerBound], part[dot.upperBound...]] }
            if let bar = part.lastIndex(of: "_"), part[..<bar] == "layer", isNumber(part[part.index(after: bar)...]) {
                return [part[..<bar], part[part.index(after: bar)...]]
            }
            return [part]
        }
    }

    /// What `#` and `*` stand for where `parts` fit `pattern`.
    private static func match(_ parts: [Substring], _ pattern: [Substring]) -> (numbers: [Substring], rest: [Substring])? {
        let isOpen = pattern.last == "*"
        let fixed = isOpen ? pattern.dropLast() : pattern[...]
        guard isOpen ? parts.count > fixed.count : parts.count == fixed.count else { return nil }
        var numbers: [Substring] = []
        for (part, wanted) in zip(parts, fixed) {
            if wanted == "#" {
                guard isNumber(part) else { return nil }
                numbers.append(part)
            } else if part != wanted {
                return nil
            }
        }
        return (numbers, Array(parts.dropFirst(fixed.count)))
    }

    private static func filled(_ pattern: [Substring], _ captured: (numbers: [Substring], rest: [Substring])) -> [Substring] {
        var numbers = captured.numbers[...]
        return pattern.flatMap { part -> [Substring] in
            switch part {
            case "#": numbers.popFirst().map { [$0] } ?? []
            case "*": captured.rest
            default: [part]
            }
        }
    }

    private static func isNumber(_ part: Substring) -> Bool {
        !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
