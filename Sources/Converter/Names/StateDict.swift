internal import Bytes
package import OrderedCollections
package import Tensors

/// Weights under the names of a transformers state dict.
package enum StateDict {
    /// The tensors of `checkpoint` that are the weights `expecting`, in that order, and what became of each.
    ///
    /// A tied weight is not among them: it is the one that it is tied to. Tensors that need no change are those of the checkpoint, not copied.
    /// What is missing or of another shape is left out and stands in the report; `ConversionReport.requireComplete` makes an error of it.
    /// Throws only where a tensor can't be read.
    package static func load(
        _ checkpoint: Checkpoint, expecting: [ExpectedWeight], rules: NameRules = .distilBert
    ) throws -> (weights: OrderedDictionary<String, Tensor>, report: ConversionReport) {
        var loader = Loader(checkpoint, expecting, rules)
        for weight in expecting where weight.tiedTo == nil { try loader.load(weight) }
        for weight in expecting { if let target = weight.tiedTo { try loader.tie(weight, to: target) } }
        try loader.add()
        return (loader.weights, loader.report(expecting))
    }
}

private struct Loader {
    private typealias Item = ConversionReport.Item

    /// A tensor of the checkpoint under the name that it means.
    private struct Found {
        let entry: Checkpoint.Entry
        let isTransposed: Bool

        var shape: [Int] { isTransposed && entry.shape.count == 2 ? entry.shape.reversed() : entry.shape }
    }

    private let rules: NameRules
    private(set) var weights: OrderedDictionary<String, Tensor> = [:]
    /// By what they mean, without prefix.
    private var found: OrderedDictionary<String, Found> = [:]
    private var additions: [(entry: Checkpoint.Entry, row: Int, target: String)] = []
    private var ofExpected: [String: Item] = [:]
    private var ofOthers: [Item] = []
    /// State-dict names by their bare ones.
    private let names: [String: String]

    init(_ checkpoint: Checkpoint, _ expecting: [ExpectedWeight], _ rules: NameRules) {
        self.rules = rules
        names = Dictionary(expecting.map { (rules.bare($0.name), $0.name) }, uniquingKeysWith: { first, _ in first })
        for entry in checkpoint.entries.values {
            switch rules.meaning(of: entry.name) {
            case .ignored(let reason): ofOthers.append(Item(.ignored, source: entry.name, found: entry.shape, note: reason))
            case .addition(let row, let target): additions.append((entry, row, target))
            case .weight(let name, let isTransposed):
                if let first = found[name] {
                    let note = "\"\(quoted(first.entry.name))\" gave that weight already"
                    ofOthers.append(Item(.ignored, source: entry.name, found: entry.shape, note: note))
                } else {
                    found[name] = Found(entry: entry, isTransposed: isTransposed)
                }
            }
        }
    }

    mutating func load(_ weight: ExpectedWeight, as name: String? = nil) throws {
        let bare = name ?? rules.bare(weight.name)
        guard let tensor = found.removeValue(forKey: bare) else { return }
        guard tensor.shape == weight.shape else {
            ofExpected[weight.name] = Item(.mismatched, name: weight.name, source: tensor.entry.name, expected: weight.shape, found: tensor.shape)
            return
        }
        let values = try tensor.entry.tensor()
        weights[weight.name] = tensor.isTransposed ? try values.transposed() : values
        let outcome: ConversionReport.Outcome = tensor.isTransposed ? .transposed : .loaded
        ofExpected[weight.name] = Item(outcome, name: weight.name, source: tensor.entry.name, expected: weight.shape, found: tensor.shape)
    }

    /// A checkpoint may hold both of two tied weights, or either.
    mutating func tie(_ weight: ExpectedWeight, to target: String) throws {
        let bare = rules.bare(weight.name)
        if weights[target] == nil, ofExpected[target] == nil {
            try load(ExpectedWeight(target, weight.shape), as: bare)
        } else if let own = found.removeValue(forKey: bare) {
            let isSame = try weights[target].map { try $0.hasSameBits(as: own.isTransposed ? own.entry.tensor().transposed() : own.entry.tensor()) } ?? false
            let note = "to \"\(target)\"" + (isSame ? "" : "; the checkpoint's own values differ from that and are not used")
            ofExpected[weight.name] = Item(.tied, name: weight.name, source: own.entry.name, expected: weight.shape, found: own.shape, note: note)
            return
        }
        ofExpected[weight.name] = Item(.tied, name: weight.name, expected: weight.shape, note: "to \"\(target)\"")
    }

    mutating func add() throws {
        for (entry, row, target) in additions {
            guard let name = names[target], let weight = weights[name] else {
                ofOthers.append(Item(.unexpected, source: entry.name, found: entry.shape))
                continue
            }
            guard entry.shape.count == 2, entry.shape[0] > row, entry.shape[1] == weight.shape.last else {
                let expected = [row + 1, weight.shape.last ?? 0]
                ofOthers.append(Item(.mismatched, source: entry.name, expected: expected, found: entry.shape))
                continue
            }
            weights[name] = try weight.addingToRows(entry.tensor().slice(row, 1))
            ofOthers.append(Item(.added, source: entry.name, found: entry.shape, note: "row \(row) to each of \"\(name)\""))
        }
    }

    func report(_ expecting: [ExpectedWeight]) -> ConversionReport {
        let missing = expecting.filter { ofExpected[$0.name] == nil }
        var toFound = ClosestName(among: found.keys)
        var toMissing = ClosestName(among: missing.map { rules.bare($0.name) })
        let weights = expecting.map { weight -> Item in
            if let item = ofExpected[weight.name] { return item }
            let closest = toFound.to(rules.bare(weight.name)).flatMap { found[$0]?.entry.name }
            return Item(.missing, name: weight.name, expected: weight.shape, closest: closest)
        }
        let unexpected = found.map { name, tensor in
            Item(.unexpected, source: tensor.entry.name, found: tensor.entry.shape, closest: toMissing.to(name).flatMap { names[$0] })
        }
        return ConversionReport(items: weights + ofOthers + unexpected)
    }
}
