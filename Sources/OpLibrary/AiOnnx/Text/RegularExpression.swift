internal import Bytes

/// A regular expression in RE2's syntax, matched in time proportional to pattern times text: all states advance together, nothing is tried twice.
///
/// Source: https://github.com/google/re2/wiki/Syntax, https://swtch.com/~rsc/regexp/regexp2.html
struct RegularExpression: Sendable {
    private let program: [Instruction]

    fileprivate enum Instruction: Sendable {
        case scalar(ScalarSet)
        case assertion(RegexAssertion)
        case jump(Int)
        case split(Int, Int)
        case accept
    }

    /// Throws `.malformed` for a pattern that is none, `.unsupported` for syntax that this engine lacks, `.limit` for one that is too large.
    init(_ pattern: String) throws {
        var parser = RegexParser(pattern)
        var compiler = Compiler()
        compiler.emit(try parser.parse())
        compiler.program.append(.accept)
        program = compiler.program
    }

    /// Whether the pattern matches `text` from its start to its end.
    func matchesAll(of text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (current, next) = (StateSet(count: program.count), StateSet(count: program.count))
        follow(0, at: 0, scalars, &current)
        for (index, scalar) in scalars.enumerated() {
            next.removeAll()
            for state in current.members {
                if case .scalar(let set) = program[state], set.contains(scalar.value) { follow(state + 1, at: index + 1, scalars, &next) }
            }
            if next.members.isEmpty { return false }
            swap(&current, &next)
        }
        return current.members.contains { if case .accept = program[$0] { true } else { false } }
    }

    /// Adds `state` and all that are reached from it without reading a scalar.
    private func follow(_ state: Int, at place: Int, _ text: [Unicode.Scalar], _ states: inout StateSet) {
        var pending = [state]
        while let state = pending.popLast() {
            guard states.insert(state) else { continue }
            switch program[state] {
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .assertion(let assertion) where assertion.holds(at: place, text): pending.append(state + 1)
            case .assertion, .scalar, .accept: break
            }
        }
    }

    private struct StateSet {
        private(set) var members: [Int] = []
        private var isMember: [Bool]

        init(count: Int) { isMember = Array(repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            if isMember[state] { return false }
            isMember[state] = true
            members.append(state)
            return true
        }

        mutating func removeAll() {
            for state in members { isMember[state] = false }
            members.removeAll(keepingCapacity: true)
        }
    }

    /// The parser has bounded how much comes of a pattern and how deep it nests.
    private struct Compiler {
        var program: [Instruction] = []

        mutating func emit(_ node: RegexNode) {
            switch node {
            case .empty: break
            case .scalar(let set): program.append(.scalar(set))
            case .assertion(let assertion): program.append(.assertion(assertion))
            case .sequence(let nodes): for node in nodes { emit(node) }
            case .alternatives(let nodes): emit(alternatives: nodes)
            case .repeated(let node, let least, let most):
                for _ in 0..<least { emit(node) }
                if let most { for _ in least..<most { emitOptional(node, isLoop: false) } } else { emitOptional(node, isLoop: true) }
            }
        }

        private mutating func emitOptional(_ node: RegexNode, isLoop: Bool) {
            let start = program.count
            program.append(.split(start + 1, 0))
            emit(node)
            if isLoop { program.append(.jump(start)) }
            program[start] = .split(start + 1, program.count)
        }

        private mutating func emit(alternatives nodes: [RegexNode]) {
            var jumps: [Int] = []
            for (index, node) in nodes.enumerated() {
                guard index < nodes.count - 1 else {
                    emit(node)
                    continue
                }
                let start = program.count
                program.append(.split(start + 1, 0))
                emit(node)
                jumps.append(program.count)
                program.append(.jump(0))
                program[start] = .split(start + 1, program.count)
            }
            for jump in jumps { program[jump] = .jump(program.count) }
        }
    }
}

/// What a pattern says.
indirect enum RegexNode: Sendable {
    case empty
    case scalar(ScalarSet)
    case assertion(RegexAssertion)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case repeated(RegexNode, least: Int, most: Int?)
}

/// A condition on a place between scalars.
enum RegexAssertion: Sendable {
    case textStart, textEnd, wordBoundary, noWordBoundary

    func holds(at place: Int, _ text: [Unicode.Scalar]) -> Bool {
        switch self {
        case .textStart: place == 0
        case .textEnd: place == text.count
        case .wordBoundary: isBoundary(place, text)
        case .noWordBoundary: !isBoundary(place, text)
        }
    }

    private func isBoundary(_ place: Int, _ text: [Unicode.Scalar]) -> Bool {
        let before = place > 0 && ScalarSet.word.contains(text[place - 1].value)
        let after = place < text.count && ScalarSet.word.contains(text[place].value)
        return before != after
    }
}

/// A set of Unicode scalars as ranges.
struct ScalarSet: Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>]) { self.ranges = ranges }

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }

    mutating func formUnion(_ other: ScalarSet) { ranges += other.ranges }

    var inverted: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = Swift.max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return ScalarSet(result)
    }

    static let digit = ScalarSet([0x30...0x39])
    static let upper = ScalarSet([0x41...0x5A])
    static let lower = ScalarSet([0x61...0x7A])
    static let alpha = ScalarSet(upper.ranges + lower.ranges)
    static let alnum = ScalarSet(alpha.ranges + digit.ranges)
    static let word = ScalarSet(alnum.ranges + [0x5F...0x5F])
    static let space = ScalarSet([0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let anyButNewline = ScalarSet([0x0A...0x0A]).inverted

    /// `[[:name:]]`
    static let named: [String: ScalarSet] = [
        "alnum": alnum, "alpha": alpha, "ascii": ScalarSet([0...0x7F]), "blank": ScalarSet([0x09...0x09, 0x20...0x20]),
        "cntrl": ScalarSet([0...0x1F, 0x7F...0x7F]), "digit": digit, "graph": ScalarSet([0x21...0x7E]), "lower": lower,
        "print": ScalarSet([0x20...0x7E]), "punct": ScalarSet([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]),
        "space": ScalarSet([0x09...0x0D, 0x20...0x20]), "upper": upper, "word": word,
        "xdigit": ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66]),
    ]
}
