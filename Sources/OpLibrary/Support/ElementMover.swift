internal import Bytes
package import Tensors

/// Copies runs of elements of any type, strings too, into an output. For operators that only move elements.
package struct ElementMover {
    private enum Target {
        case bytes(MutableElements<UInt8>, width: Int)
        case strings(Strings)
    }

    private final class Strings {
        var values: [String]
        init(count: Int) { values = Array(repeating: "", count: count) }
    }

    private let target: Target
    private let shape: [Int]
    private let output: Int

    /// Moves into output `output` of `context`; the shape is the inferred one unless `shape` gives it.
    package init(_ context: RunContext, output: Int = 0, type: ElementType, shape: [Int]? = nil) throws {
        self.output = output
        if type == .string {
            guard let shape = shape ?? context.outputType(output)?.knownShape else {
                throw ONNXError(.shape, "the shape of output \(output) is not known before the operator runs")
            }
            self.shape = shape
            target = .strings(Strings(count: try Shape.count(shape)))
        } else {
            let tensor = try shape.map { try context.allocate(output, type, $0) } ?? context.output(output)
            self.shape = tensor.shape
            target = .bytes(tensor.rawBytes(), width: type.bitWidth / 8)
        }
    }

    /// Copies `count` elements of `source` from index `from` to index `to`. Both ranges are checked. Not for parallel use on strings.
    package func copy(_ source: Source, from: Int, count: Int, to: Int) {
        switch (target, source.contents) {
        case (.bytes(let bytes, let width), .bytes(let input)):
            bytes.copy(input, from: from &* width, count: count &* width, to: to &* width)
        case (.strings(let strings), .strings(let input)):
            strings.values.replaceSubrange(to..<to + count, with: input[from..<from + count])
        default: preconditionFailure("source and target are of one type by the operator's inference")
        }
    }

    /// Gives strings to the context; bytes are there already.
    package func finish(_ context: RunContext) throws {
        if case .strings(let strings) = target { context.set(output, try Tensor(strings: strings.values, shape: shape)) }
    }

    /// A tensor to copy from.
    package struct Source {
        fileprivate enum Contents {
            case bytes(Elements<UInt8>)
            case strings([String])
        }
        fileprivate let contents: Contents

        package init(_ tensor: Tensor) throws {
            contents = tensor.elementType == .string ? .strings(try tensor.stringArray()) : .bytes(try tensor.bytes())
        }
    }
}
