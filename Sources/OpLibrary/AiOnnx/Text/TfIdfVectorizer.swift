internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Counts the n-grams of rows of tokens, weighted. https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html
    package struct TfIdfVectorizer: Operator {
        package static let schema = OperatorSchema(
            "TfIdfVectorizer", since: [9], inputs: [.one("X", "T")], outputs: [.one("Y", "T1")],
            attributes: [
                .required("max_gram_length", .int), .required("max_skip_count", .int), .required("min_gram_length", .int), .required("mode", .string),
                .required("ngram_counts", .ints), .required("ngram_indexes", .ints), .optional("pool_int64s", .ints), .optional("pool_strings", .strings),
                .optional("weights", .floats),
            ], types: ["T": .tensors(.int32, .int64, .string), "T1": .tensors(.float)])
        package static let narrowTypes = NarrowTypes.asStored

        private enum Mode: String, CaseIterable {
            case frequency = "TF"
            case inverse = "IDF"
            case both = "TFIDF"
        }

        private let mode: Mode
        private let lengths: ClosedRange<Int>
        private let maxSkip: Int
        private let columns: [Int]
        private let width: Int
        private let weights: [Float]?
        private let pool: NGramPool

        package init(_ node: NodeReader) throws {
            mode = try node.choice("mode")
            let (least, most) = (try node.int("min_gram_length"), try node.int("max_gram_length"))
            maxSkip = try node.int("max_skip_count")
            guard least >= 1, least <= most, maxSkip >= 0 else {
                throw ONNXError(.malformed, "n-grams of \(least) to \(most) tokens with \(maxSkip) skipped are asked for")
            }
            lengths = least...most
            columns = try node.ints("ngram_indexes")
            guard let widest = columns.max(), columns.allSatisfy({ $0 >= 0 }) else { throw ONNXError(.malformed, "attribute 'ngram_indexes' holds no column") }
            width = try widest.plus(1)
            weights = node.optionalFloats("weights").flatMap { $0.isEmpty ? nil : $0 }
            if let weights, weights.count < width { throw ONNXError(.malformed, "\(weights.count) weights found, \(width) expected") }
            let integers = node.optionalInts("pool_int64s").flatMap { $0.isEmpty ? nil : $0 }
            let strings = node.optionalStrings("pool_strings").flatMap { $0.isEmpty ? nil : $0 }
            guard (integers == nil) != (strings == nil) else { throw ONNXError(.malformed, "one of 'pool_int64s' and 'pool_strings' expected") }
            let tokens = integers?.map(NGramPool.Token.integer) ?? (strings ?? []).map { .string(Array($0.utf8)) }
            pool = try NGramPool(tokens, starts: try node.ints("ngram_counts"), lengths: lengths, columnCount: columns.count)
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 0...2, "X")
            guard let shape = types.shape(0) else { return types.set(0, .float, nil) }
            types.set(0, .float, (shape.count == 2 ? [shape[0]] : []) + [.known(width)])
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let output = try context.output().elements(Float.self)
            output.fill(0)
            let tokens =
                x.elementType == .string ? try x.stringArray().map { pool.id(.string(Array($0.utf8))) } : try x.ints().map { pool.id(.integer($0)) }
            let length = x.rank == 0 ? 1 : x.shape[x.rank - 1]
            for row in 0..<(length == 0 ? 0 : x.count / length) {
                pool.count(tokens[(row * length)..<((row + 1) * length)], lengths: lengths, maxSkip: maxSkip) { gram in
                    output[row &* width &+ columns[gram]] += 1
                }
            }
            // The standard's text gives each n-gram a weight, its reference and ONNX Runtime each column; both are one where columns are in order.
            for place in output.indices where mode != .frequency {
                let weight = weights.map { $0[place % width] } ?? 1
                output[place] = mode == .inverse ? (output[place] > 0 ? weight : 0) : output[place] * weight
            }
        }
    }
}

/// The n-grams that are looked for, as a tree of tokens.
private struct NGramPool: Sendable {
    enum Token: Hashable {
        case integer(Int)
        case string([UInt8])
    }

    private struct Step: Hashable {
        let node: Int
        let token: Int
    }

    private var ids: [Token: Int] = [:]
    private var children: [Step: Int] = [:]
    /// The n-gram that ends at each node.
    private var grams: [Int?] = [nil]

    /// `starts` says where the n-grams of each length start in `tokens`.
    init(_ tokens: [Token], starts: [Int], lengths: ClosedRange<Int>, columnCount: Int) throws {
        var gram = 0
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : tokens.count
            guard start >= 0, start <= end, end <= tokens.count else { throw ONNXError(.malformed, "attribute 'ngram_counts' \(starts) leaves the pool") }
            let length = index + 1
            for number in 0..<((end - start) / length) {
                guard gram < columnCount else { throw ONNXError(.malformed, "the pool has more n-grams than attribute 'ngram_indexes' has columns") }
                if lengths.contains(length) { insert(tokens[(start + number * length)..<(start + (number + 1) * length)], gram) }
                gram += 1
            }
        }
    }

    private mutating func insert(_ tokens: ArraySlice<Token>, _ gram: Int) {
        var node = 0
        for token in tokens {
            let id = ids[token] ?? ids.count
            ids[token] = id
            let step = Step(node: node, token: id)
            if let child = children[step] {
                node = child
            } else {
                children[step] = grams.count
                node = grams.count
                grams.append(nil)
            }
        }
        grams[node] = gram
    }

    /// The number of a token that is in some n-gram.
    func id(_ token: Token) -> Int? { ids[token] }

    /// Calls `found` for every n-gram in a row, for each distance between its tokens; those of one token are found once.
    func count(_ row: ArraySlice<Int?>, lengths: ClosedRange<Int>, maxSkip: Int, _ found: (Int) -> Void) {
        var least = lengths.lowerBound
        for distance in 1...(Swift.min(maxSkip, row.count) + 1) {
            for start in row.indices {
                var (node, length, place) = (0, 1, start)
                while length <= lengths.upperBound, place < row.endIndex, let token = row[place], let child = children[Step(node: node, token: token)] {
                    if length >= least, let gram = grams[child] { found(gram) }
                    (node, length, place) = (child, length + 1, place + distance)
                }
            }
            if least == 1 { least = 2 }
            if least > lengths.upperBound { return }
        }
    }
}
