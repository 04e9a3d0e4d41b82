internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnxMl {
    /// Regression by trees of decisions. https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
    package struct TreeEnsemble: Operator {
        package static let schema = OperatorSchema(
            "TreeEnsemble", domain: domain, since: [5], inputs: [.one("X", "T")], outputs: [.one("Y", "T")],
            attributes: [
                .defaulted("aggregate_function", .int(1)), .required("leaf_targetids", .ints), .required("leaf_weights", .tensor),
                .optional("membership_values", .tensor), .optional("n_targets", .int), .required("nodes_falseleafs", .ints),
                .required("nodes_falsenodeids", .ints), .required("nodes_featureids", .ints), .optional("nodes_hitrates", .tensor),
                .optional("nodes_missing_value_tracks_true", .ints), .required("nodes_modes", .tensor), .required("nodes_splits", .tensor),
                .required("nodes_trueleafs", .ints), .required("nodes_truenodeids", .ints), .defaulted("post_transform", .int(0)),
                .required("tree_roots", .ints),
            ], types: ["T": .tensors(.float, .double, .float16)])

        private enum Aggregate: Int {
            case average, sum, min, max
        }

        private enum Branch: Equatable {
            case node(Int)
            case leaf(Int)
        }

        private struct Split {
            let feature: Int
            let test: Test
            let tracksMissing: Bool
            let whenTrue: Branch
            let whenFalse: Branch
        }

        private enum Test {
            case comparison(Comparison, Double)
            case membership(Set<Double>)
        }

        private enum Comparison: Int {
            case lessOrEqual, less, greaterOrEqual, greater, equal, notEqual
        }

        private let aggregate: Aggregate
        private let transform: ScoreTransform
        private let targetCount: Int
        private let splits: [Split]
        private let leaves: [(target: Int, weight: Double)]
        private let roots: [Int]
        /// The least number of features that the splits ask for.
        private let featureCount: Int

        package init(_ node: NodeReader) throws {
            guard let aggregate = Aggregate(rawValue: try node.int("aggregate_function")),
                let transform = ScoreTransform(rawValue: try node.int("post_transform"))
            else { throw ONNXError(.malformed, "attribute 'aggregate_function' or 'post_transform' is none of the standard's") }
            (self.aggregate, self.transform) = (aggregate, transform)
            targetCount = try node.int("n_targets")
            let (targets, weights) = (try node.ints("leaf_targetids"), try Self.doubles("leaf_weights", node))
            let limit = targetCount
            guard targets.count == weights.count, limit >= 1, targets.allSatisfy({ (0..<limit).contains($0) }) else {
                throw ONNXError(.malformed, "\(targets.count) leaves with \(weights.count) weights don't fit \(limit) targets")
            }
            leaves = zip(targets, weights).map { ($0, $1) }
            splits = try Self.splits(node, leafCount: leaves.count)
            roots = try node.ints("tree_roots")
            let splitCount = splits.count
            guard roots.allSatisfy({ (0..<splitCount).contains($0) }) else { throw ONNXError(.malformed, "attribute 'tree_roots' leaves the nodes") }
            featureCount = try splits.map(\.feature).max()?.plus(1) ?? 0
        }

        private static func doubles(_ name: String, _ node: NodeReader) throws -> [Double] {
            guard let tensor = node.optionalTensor(name) else { return [] }
            switch tensor.elementType {
            case .double: return try tensor.array(of: Double.self)
            case .float: return try tensor.elements(Float.self).map { Double($0) }
            case .float16: return try tensor.elements(Float16.self).map { Double($0) }
            default: throw ONNXError(.malformed, "attribute '\(name)' is \(tensor), floating-point numbers expected")
            }
        }

        private static func splits(_ node: NodeReader, leafCount: Int) throws -> [Split] {
            let (features, thresholds) = (try node.ints("nodes_featureids"), try doubles("nodes_splits", node))
            let modes = try node.optionalTensor("nodes_modes")?.ints() ?? []
            let (trueIDs, falseIDs) = (try node.ints("nodes_truenodeids"), try node.ints("nodes_falsenodeids"))
            let (trueLeaves, falseLeaves) = (try node.ints("nodes_trueleafs"), try node.ints("nodes_falseleafs"))
            let count = features.count
            let missing = node.optionalInts("nodes_missing_value_tracks_true") ?? Array(repeating: 0, count: count)
            guard
                [thresholds.count, modes.count, trueIDs.count, falseIDs.count, trueLeaves.count, falseLeaves.count, missing.count].allSatisfy({ $0 == count })
            else { throw ONNXError(.malformed, "attributes 'nodes_*' have different lengths") }
            func branch(_ id: Int, _ isLeaf: Int) throws -> Branch {
                guard id >= 0, id < (isLeaf != 0 ? leafCount : count) else { throw ONNXError(.malformed, "a branch leads to \(id), which isn't there") }
                return isLeaf != 0 ? .leaf(id) : .node(id)
            }
            var members = try doubles("membership_values", node)[...]
            return try (0..<count).map { index in
                let test: Test
                if modes[index] == 6 {
                    let values = members.prefix { !$0.isNaN }
                    guard values.endIndex < members.endIndex else { throw ONNXError(.malformed, "attribute 'membership_values' has too few sets") }
                    members = members[(values.endIndex + 1)...]
                    test = .membership(Set(values))
                } else if let comparison = Comparison(rawValue: modes[index]) {
                    test = .comparison(comparison, thresholds[index])
                } else {
                    throw ONNXError(.malformed, "attribute 'nodes_modes' holds \(modes[index]); 0...6 expected")
                }
                guard features[index] >= 0 else { throw ONNXError(.malformed, "attribute 'nodes_featureids' holds \(features[index])") }
                return Split(
                    feature: features[index], test: test, tracksMissing: missing[index] != 0,
                    whenTrue: try branch(trueIDs[index], trueLeaves[index]), whenFalse: try branch(falseIDs[index], falseLeaves[index]))
            }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "X")
            if let found = types.shape(0)?[1].size, found < featureCount {
                throw ONNXError(.shape, "'X' has \(found) features, the trees ask for \(featureCount)")
            }
            types.set(0, types.element(0), [types.shape(0)?[0] ?? .unknown, .known(targetCount)])
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try x.elementType.visitFloat(Visitor(ensemble: self, x: x, output: try context.output(), context: context))
        }

        private struct Visitor: FloatVisitor {
            let ensemble: TreeEnsemble
            let x: Tensor
            let output: MutableTensor
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (source, target) = (try x.elements(T.self), try output.elements(T.self))
                let (features, width) = (x.shape[1], ensemble.targetCount)
                let ensemble = ensemble
                let empty =
                    switch ensemble.aggregate {
                    case .average, .sum: 0.0
                    case .min: Double(T.greatestFiniteMagnitude)
                    case .max: -Double(T.greatestFiniteMagnitude)
                    }
                try context.parallel(target.count / width, grain: 64) { rows in
                    for row in rows {
                        var scores = Array(repeating: empty, count: width)
                        for root in ensemble.roots {
                            let leaf = try ensemble.leaf(from: root) { Double(source[row &* features &+ $0]) }
                            ensemble.add(leaf.weight, to: &scores[leaf.target])
                        }
                        for (place, score) in ensemble.transform.apply(scores).enumerated() { target[row &* width &+ place] = T(score) }
                    }
                }
            }
        }

        private func add(_ weight: Double, to score: inout Double) {
            switch aggregate {
            case .average: score += weight / Double(roots.count)
            case .sum: score += weight
            case .min: score = Swift.min(score, weight)
            case .max: score = Swift.max(score, weight)
            }
        }

        /// The leaf that a sample comes to. Throws `.malformed` where the nodes go in a circle.
        private func leaf(from root: Int, _ feature: (Int) -> Double) throws -> (target: Int, weight: Double) {
            var place = root
            for _ in 0...splits.count {
                let split = splits[place]
                switch holds(split, feature(split.feature)) ? split.whenTrue : split.whenFalse {
                case .leaf(let leaf): return leaves[leaf]
                case .node(let next): place = next
                }
            }
            throw ONNXError(.malformed, "the nodes of a tree go in a circle")
        }

        private func holds(_ split: Split, _ value: Double) -> Bool {
            if value.isNaN && split.tracksMissing { return true }
            switch split.test {
            case .membership(let members): return members.contains(value)
            case .comparison(let comparison, let threshold):
                switch comparison {
                case .lessOrEqual: return value <= threshold
                case .less: return value < threshold
                case .greaterOrEqual: return value >= threshold
                case .greater: return value > threshold
                case .equal: return value == threshold
                case .notEqual: return value != threshold
                }
            }
        }
    }
}
