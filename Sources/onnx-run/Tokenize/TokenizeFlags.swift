internal import ArgumentParser
internal import Bytes
internal import Tokenizers

/// How texts are encoded and what is told of them.
struct TokenizeFlags: ParsableArguments {
    /// --padding's value.
    enum PaddingLength: ExpressibleByArgument {
        case unset, none, longest
        case fixed(Int)

        init?(argument: String) {
            switch argument {
            case "none": self = .none
            case "longest": self = .longest
            default:
                guard let length = Int(argument), length > 0 else { return nil }
                self = .fixed(length)
            }
        }

        var defaultValueDescription: String { "longest, and none with --lines" }
    }

    @Option(help: ArgumentHelp("Cut to this many tokens, special ones included.", valueName: "count")) var maxLength: Int?
    @Option(help: "What is cut of a pair.") var truncation = Truncation.Strategy.longestFirst
    @Option(help: "The side that is cut off.") var truncationSide = Side.right
    @Flag(help: "Tell what is cut off too, as further rows.") var overflow = false
    @Option(help: ArgumentHelp("How many tokens such a row repeats of the one before.", valueName: "count")) var stride = 0
    @Option(name: .customLong("padding"), help: ArgumentHelp("Pad to the longest, to a number of tokens, or not: none.", valueName: "length"))
    var paddingLength = PaddingLength.unset
    @Option(help: "The side that padding is added on.") var paddingSide = Side.right
    @Flag(help: "Put no [CLS] and [SEP] around.") var noSpecialTokens = false
    @Flag(help: "Add each token's place in its text, from and to, in Unicode scalars.") var offsets = false
    @Flag(help: "Add the tokens as text.") var tokens = false
    @Flag(help: "Leave special tokens out, with --decode.") var skipSpecialTokens = false
    @Flag(help: "Keep the space before punctuation, with --decode.") var keepSpaces = false
    @Option(help: "As transformers' fast tokenizer, its slow one, written in Python, or that of transformers 2.")
    var implementation = DistilBertTokenizer.Implementation.fast
    @Option(help: "Threads; by default as many as there are processors.") var threads: Int?

    func validate(lines: Bool) throws {
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length is \(maxLength); 1 or more expected") }
        guard stride >= 0 else { throw ValidationError("--stride is \(stride); 0 or more expected") }
        if maxLength == nil, overflow || stride > 0 { throw ValidationError("--overflow and --stride need --max-length") }
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); 1 or more expected") }
        if implementation != .fast, offsets { throw ValidationError("only the fast tokenizer tells offsets") }
        if lines, case .longest = paddingLength { throw ValidationError("--padding longest needs all lines at once; give a number") }
    }

    var truncated: Truncation? {
        maxLength.map { Truncation(maxLength: $0, strategy: truncation, stride: stride, side: truncationSide, returnsOverflow: overflow) }
    }

    /// Nil for none.
    func padding(lines: Bool) -> Padding? {
        switch paddingLength {
        case .none: nil
        case .unset: lines ? nil : Padding(.longest, side: paddingSide)
        case .longest: Padding(.longest, side: paddingSide)
        case .fixed(let length): Padding(.fixed(length), side: paddingSide)
        }
    }

    /// Whether nothing but the ids themselves is asked for.
    var wantsIDsAlone: Bool {
        if offsets || tokens || overflow { return false }
        return padding(lines: true) == nil
    }
}
