internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The same elements under another shape. https://onnx.ai/onnx/operators/onnx__Reshape.html
    package struct Reshape: Operator {
        package static let schema = OperatorSchema(
            "Reshape", since: [5, 13, 14, 19, 21, 23, 24, 25],
            inputs: [.one("data", "T"), .one("shape", "tensor(int64)")], outputs: [.one("reshaped", "T")],
            attributes: [.defaulted("allowzero", .int(0), since: 14)], types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        private let allowZero: Bool

        package init(_ node: NodeReader) throws { allowZero = node.optionalInt("allowzero") ?? 0 != 0 }

        package func infer(_ types: Inference) throws {
            try types.checkRank(1, 1...1, "shape")
            guard let target = try types.ints(1) else {
                let partial = types.dimensions(1).map { target in
                    let open = target.indices.filter { target[$0] == .known(-1) }
                    let found = target.enumerated().map { dimension($1, axis: $0, types.shape(0)) }
                    return open.count == 1 ? Self.filling(open[0], of: found, types.shape(0)) : found
                }
                return types.set(0, types.element(0), partial ?? types.unknownDimensions(countedBy: 1))
            }
            types.set(0, types.element(0), try resolve(target, types.shape(0)))
        }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        /// Leading axes that the target copies stay themselves.
        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard !allowZero, let target = try? types.ints(1), axis < target.count, target[...axis].allSatisfy({ $0 == 0 }) else { return .mixed }
            return input == 0 ? .axis(axis) : .whole
        }

        package func run(_ context: RunContext) throws {
            guard let shape = context.outputType(0)?.knownShape else { throw ONNXError(.shape, "the target shape is not known") }
            context.set(0, try context.input(0).reshaped(shape))
        }

        /// What an element of a target that is known in part makes of its axis.
        private func dimension(_ element: Dimension, axis: Int, _ input: [Dimension]?) -> Dimension {
            switch element {
            case .known(let size) where size > 0 || size == 0 && allowZero: element
            case .known(0): input.flatMap { axis < $0.count ? $0[axis] : nil } ?? .unknown
            case .known: .unknown
            default: element
            }
        }

        /// The dimensions with the open one found, where those that aren't known are the same on both sides.
        private static func filling(_ open: Int, of dimensions: [Dimension], _ input: [Dimension]?) -> [Dimension] {
            guard let input, !input.contains(.unknown) else { return dimensions }
            func names(_ list: [Dimension]) -> [String] { list.compactMap { if case .named(let name) = $0 { name } else { nil } }.sorted() }
            let others = dimensions.enumerated().compactMap { $0 == open ? nil : $1 }
            guard !others.contains(.unknown), names(others) == names(input), let count = try? Shape.count(input.compactMap(\.size)),
                let rest = try? Shape.count(others.compactMap(\.size)), rest > 0, count % rest == 0
            else { return dimensions }
            var result = dimensions
            result[open] = .known(count / rest)
            return result
        }

        private func resolve(_ target: [Int], _ input: [Dimension]?) throws -> [Dimension] {
            guard target.allSatisfy({ $0 >= -1 }), target.count(where: { $0 == -1 }) <= 1 else {
                throw ONNXError(.shape, "target shape \(Shape.text(target)) may hold one -1 and no other negative number")
            }
            guard !(allowZero && target.contains(0) && target.contains(-1)) else {
                throw ONNXError(.shape, "target shape \(Shape.text(target)) holds 0 and -1 under allowzero, which leaves the extent open")
            }
            let dimensions: [Dimension] = try target.enumerated().map { axis, size in
                switch size {
                case -1: return .unknown
                case 0 where !allowZero:
                    guard let input else { return .unknown }
                    guard axis < input.count else { throw ONNXError(.shape, "target shape \(Shape.text(target)) copies axis \(axis), which the input lacks") }
                    return input[axis]
                default: return .known(size)
                }
            }
            guard let open = target.firstIndex(of: -1) else { return dimensions }
            guard let sizes = ValueType.tensor(nil, input).knownShape else { return Self.filling(open, of: dimensions, input) }
            return try fill(open, of: dimensions, count: try Shape.count(sizes), target)
        }

        private func fill(_ open: Int, of dimensions: [Dimension], count: Int, _ target: [Int]) throws -> [Dimension] {
            let others = try Shape.count(dimensions.enumerated().compactMap { $0 == open ? nil : $1.size })
            guard others != 0 ? count % others == 0 : count == 0 else {
                throw ONNXError(.shape, "\(count) elements can't fill target shape \(Shape.text(target))")
            }
            var result = dimensions
            result[open] = .known(others == 0 ? 0 : count / others)
            return result
        }
    }
}
