internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The greatest element that each window sees, and where it is. https://onnx.ai/onnx/operators/onnx__MaxPool.html
    package struct MaxPool: Operator {
        package static let schema = OperatorSchema(
            "MaxPool", since: [1, 8, 10, 11, 12, 22],
            inputs: [.one("X", "T")], outputs: [.one("Y", "T"), .optional("Indices", "I", since: 8)],
            attributes: [.defaulted("storage_order", .int(0), since: 8)] + WindowAttributes.schema(dilationsSince: 10, ceilSince: 10),
            types: ["T": .tensors([.floats, ElementTypes([.int8, .uint8])]), "I": .tensors(.int64)])

        private let attributes: WindowAttributes
        private let columnsFirst: Bool

        package init(_ node: NodeReader) throws {
            attributes = try WindowAttributes(node)
            columnsFirst = (node.optionalInt("storage_order") ?? 0) != 0
        }

        package func infer(_ types: Inference) throws {
            let shape = try attributes.pooled(types.shape(0))
            types.set(0, types.element(0), shape)
            types.set(1, .int64, shape)
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let pool = try Pool(attributes, x: try context.input(0), y: y)
            let indices = context.isWanted(1) ? try context.output(1).elements(Int64.self) : nil
            let body = Greatest(pool: pool, indices: indices, columnsFirst: columnsFirst, context: context)
            switch y.elementType {
            case .int8: try body.visit(Int8.self)
            case .uint8: try body.visit(UInt8.self)
            default: try y.elementType.visitFloat(FloatGreatest(body: body))
            }
        }

        private struct FloatGreatest: FloatVisitor {
            let body: Greatest
            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws { try body.visit(type) }
        }

        private struct Maximum<T: Arithmetic>: PoolRule {
            var start: T { .lowest }
            func take(_ held: T, _ next: T) -> T { T.greater(next, held) }
        }

        private struct Greatest {
            let pool: Pool
            let indices: MutableElements<Int64>?
            let columnsFirst: Bool
            let context: RunContext

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                if let indices { try locate(type, indices) } else { try pool.run(Maximum<T>(), context) { _ in } }
            }

            /// Keeps for each window the first of its greatest elements; -1 for a window that sees none.
            private func locate<T: Arithmetic>(_ type: T.Type, _ indices: MutableElements<Int64>) throws {
                let (x, y, windows) = (try pool.x.elements(T.self), try pool.y.elements(T.self), pool.windows)
                let columnsFirst = columnsFirst
                try context.parallel(pool.planes, grain: pool.grain) { range in
                    for plane in range {
                        let (image, first) = (plane * windows.inputCount, plane * windows.outputCount)
                        y.fill(.lowest, in: first..<first + windows.outputCount)
                        indices.fill(-1, in: first..<first + windows.outputCount)
                        for tap in 0..<windows.tapCount {
                            windows.forEachRun(of: tap) { element, window, count in
                                for index in 0..<count {
                                    let (place, source) = (first + window + index, image + element + index * windows.step)
                                    let value = x[source]
                                    guard indices[place] < 0 || value > y[place] || value.isNotANumber && !y[place].isNotANumber else { continue }
                                    y[place] = value
                                    indices[place] = Int64(source)
                                }
                            }
                        }
                        guard columnsFirst else { continue }
                        for place in first..<first + windows.outputCount where indices[place] >= 0 {
                            indices[place] = Int64(image + Self.columnMajor(Int(indices[place]) - image, windows.input))
                        }
                    }
                }
            }

            /// The number of an element of a plane when its first axis is counted fastest.
            private static func columnMajor(_ index: Int, _ shape: [Int]) -> Int {
                var (rest, result) = (index, 0)
                var natural: [Int] = []
                for extent in shape.reversed() {
                    natural.append(rest % extent)
                    rest /= extent
                }
                for (position, extent) in zip(natural, shape.reversed()) { result = result * extent + position }
                return result
            }
        }
    }
}
