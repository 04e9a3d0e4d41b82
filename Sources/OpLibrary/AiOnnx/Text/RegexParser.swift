internal import Bytes

/// Reads a pattern in RE2's syntax. Flags, named classes of Unicode and quoting are refused.
struct RegexParser {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    private static let maximumDepth = 200
    private static let maximumRepeat = 1000
    private static let maximumSize = 100_000

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    mutating func parse() throws -> RegexNode {
        let node = try parseAlternatives()
        guard place == scalars.count else { throw malformed("')' without a '('") }
        return node.node
    }

    /// A part of a pattern and how many instructions come of it.
    private struct Part {
        var node: RegexNode
        var size: Int
    }

    private func malformed(_ what: String) -> ONNXError {
        ONNXError(.malformed, "attribute 'pattern' \(text): \(what) at character \(place)")
    }

    private func unsupported(_ what: String) -> ONNXError {
        ONNXError(.unsupported, "attribute 'pattern' \(text): \(what) at character \(place) is not supported")
    }

    private var text: String { "'" + String(String.UnicodeScalarView(scalars)).prefix(100) + "'" }

    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        place += 1
        return true
    }

    private mutating func takeAny() throws -> Unicode.Scalar {
        guard let scalar = next else { throw malformed("an unexpected end") }
        place += 1
        return scalar
    }

    private mutating func parseAlternatives() throws -> Part {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw ONNXError(.limit, "attribute 'pattern' nests more than \(Self.maximumDepth) groups") }
        var parts = [try parseSequence()]
        while take("|") { parts.append(try parseSequence()) }
        return parts.count == 1 ? parts[0] : Part(node: .alternatives(parts.map(\.node)), size: try total(parts, 2))
    }

    private func total(_ parts: [Part], _ extra: Int) throws -> Int {
        let size = parts.reduce(0) { $0 + $1.size + extra }
        guard size <= Self.maximumSize else { throw ONNXError(.limit, "attribute 'pattern' takes more than \(Self.maximumSize) states") }
        return size
    }

    private mutating func parseSequence() throws -> Part {
        var parts: [Part] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let atom = try parseAtom()
            parts.append(try parseRepeats(of: atom))
        }
        return Part(node: parts.isEmpty ? .empty : .sequence(parts.map(\.node)), size: try total(parts, 0))
    }

    private mutating func parseRepeats(of atom: Part) throws -> Part {
        var (least, most): (Int, Int?)
        switch next {
        case "*": (least, most) = (0, nil)
        case "+": (least, most) = (1, nil)
        case "?": (least, most) = (0, 1)
        case "{":
            guard let bounds = try parseBounds() else { return atom }
            (least, most) = bounds
            place -= 1
        default: return atom
        }
        place += 1
        // Which way is preferred makes no difference to whether all of the text matches.
        _ = take("?")
        if let scalar = next, "*+?{".unicodeScalars.contains(scalar), try scalar != "{" || parseBounds() != nil {
            throw malformed("a repetition of a repetition")
        }
        let copies = Swift.max(most ?? least + 1, 1)
        let size = (Swift.max(atom.size, 1) + 2) * copies
        guard size <= Self.maximumSize else { throw ONNXError(.limit, "attribute 'pattern' takes more than \(Self.maximumSize) states") }
        return Part(node: .repeated(atom.node, least: least, most: most), size: size)
    }

    /// `{n}`, `{n,}` or `{n,m}`; nil where the brace stands for itself.
    private mutating func parseBounds() throws -> (Int, Int?)? {
        let start = place
        place += 1
        guard let least = try parseNumber() else {
            place = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = try parseNumber() }
        guard take("}") else {
            place = start
            return nil
        }
        guard least <= Self.maximumRepeat, most ?? 0 <= Self.maximumRepeat, most.map({ least <= $0 }) ?? true else {
            throw malformed("a repetition out of order or over \(Self.maximumRepeat)")
        }
        return (least, most)
    }

    private mutating func parseNumber() throws -> Int? {
        let start = place
        var value = 0
        while let scalar = next, ScalarSet.digit.contains(scalar.value) {
            guard place - start < 6 else { throw malformed("a repetition over \(Self.maximumRepeat)") }
            value = value * 10 + Int(scalar.value - 0x30)
            place += 1
        }
        return place == start ? nil : value
    }

    private mutating func parseAtom() throws -> Part {
        let scalar = try takeAny()
        switch scalar {
        case "(": return try parseGroup()
        case "[": return Part(node: .scalar(try parseClass()), size: 1)
        case ".": return Part(node: .scalar(.anyButNewline), size: 1)
        case "^": return Part(node: .assertion(.textStart), size: 1)
        case "$": return Part(node: .assertion(.textEnd), size: 1)
        case "\\": return try parseEscape()
        case "*", "+", "?":
            place -= 1
            throw malformed("a repetition of nothing")
        default: return Part(node: .scalar(ScalarSet([scalar.value...scalar.value])), size: 1)
        }
    }

    private mutating func parseGroup() throws -> Part {
        if take("?") {
            if take("P") || next == "<" {
                guard take("<") else { throw malformed("a group of an unknown kind") }
                while try takeAny() != ">" {}
            } else if !take(":") {
                throw unsupported("a flag")
            }
        }
        let inner = try parseAlternatives()
        guard take(")") else { throw malformed("a '(' without its ')'") }
        return inner
    }

    private mutating func parseEscape() throws -> Part {
        switch next {
        case "b"?: return try assertion(.wordBoundary)
        case "B"?: return try assertion(.noWordBoundary)
        case "A"?: return try assertion(.textStart)
        case "z"?: return try assertion(.textEnd)
        default: return Part(node: .scalar(try parseEscapedSet()), size: 1)
        }
    }

    private mutating func assertion(_ assertion: RegexAssertion) throws -> Part {
        place += 1
        return Part(node: .assertion(assertion), size: 1)
    }

    /// What follows a backslash, within a class or outside.
    private mutating func parseEscapedSet() throws -> ScalarSet {
        let scalar = try takeAny()
        switch scalar {
        case "d": return .digit
        case "D": return ScalarSet.digit.inverted
        case "w": return .word
        case "W": return ScalarSet.word.inverted
        case "s": return .space
        case "S": return ScalarSet.space.inverted
        case "x": return try parseHexadecimal()
        default: break
        }
        let controls: [Unicode.Scalar: UInt32] = ["a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11]
        if let control = controls[scalar] { return ScalarSet([control...control]) }
        guard scalar.value >= 0x80 || !ScalarSet.word.contains(scalar.value) || scalar == "_" else { throw unsupported("\\\(scalar)") }
        return ScalarSet([scalar.value...scalar.value])
    }

    /// `\x41` or `\x{10FFFF}`
    private mutating func parseHexadecimal() throws -> ScalarSet {
        var digits = ""
        if take("{") {
            while !take("}") { digits.unicodeScalars.append(try takeAny()) }
        } else {
            for _ in 0..<2 { digits.unicodeScalars.append(try takeAny()) }
        }
        guard digits.utf8.count <= 6, let value = UInt32(digits, radix: 16), value <= 0x10FFFF else { throw malformed("no hexadecimal number") }
        return ScalarSet([value...value])
    }

    private mutating func parseClass() throws -> ScalarSet {
        let isInverted = take("^")
        var set = ScalarSet([])
        var isFirst = true
        while isFirst || next != "]" {
            isFirst = false
            let low = try parseClassMember()
            guard next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
                set.formUnion(low)
                continue
            }
            place += 1
            let high = try parseClassMember()
            guard let from = low.single, let to = high.single, from <= to else { throw malformed("a range out of order") }
            set.formUnion(ScalarSet([from...to]))
        }
        place += 1
        return isInverted ? set.inverted : set
    }

    private mutating func parseClassMember() throws -> ScalarSet {
        let scalar = try takeAny()
        if scalar == "\\" { return try parseEscapedSet() }
        guard scalar == "[", take(":") else { return ScalarSet([scalar.value...scalar.value]) }
        let isInverted = take("^")
        var name = ""
        while !take(":") { name.unicodeScalars.append(try takeAny()) }
        guard take("]"), let set = ScalarSet.named[name] else { throw malformed("no class of characters") }
        return isInverted ? set.inverted : set
    }
}

extension ScalarSet {
    /// The one scalar of the set.
    fileprivate var single: UInt32? {
        guard ranges.count == 1, let range = ranges.first, range.lowerBound == range.upperBound else { return nil }
        return range.lowerBound
    }
}
