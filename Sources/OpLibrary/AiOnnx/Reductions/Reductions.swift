internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension ElementTypes {
    /// What reductions take in every version: the floats and the integers of 32 and 64 bits.
    static let reducible: ElementTypes = [.floats, ElementTypes([.int32, .int64, .uint32, .uint64])]
    /// What greatest and least are known of besides.
    fileprivate static let extremes = ElementTypes([.int8, .uint8, .bool])
}

/// Sums; the start of several reductions.
package protocol Summing: ReductionFunction {}

extension Summing {
    package static func initial<A: Arithmetic>() -> A { .zero }
    package static func combine<A: Arithmetic>(_ a: A, _ b: A) -> A { A.add(a, b) }
}

extension AiOnnx {
    /// Sums; of nothing 0. https://onnx.ai/onnx/operators/onnx__ReduceSum.html
    package struct ReduceSum: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceSum", since: [1, 11, 13], axesInputSince: 13, types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: Summing {}
    }

    /// Means; of nothing NaN. https://onnx.ai/onnx/operators/onnx__ReduceMean.html
    package struct ReduceMean: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceMean", since: [1, 11, 13, 18], types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: Summing {
            package static func finish<A: Arithmetic>(_ a: A, count: Int) -> A { A.divide(a, A(saturating: Double(count))) }
        }
    }

    /// Sums of squares. https://onnx.ai/onnx/operators/onnx__ReduceSumSquare.html
    package struct ReduceSumSquare: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceSumSquare", since: [1, 11, 13, 18], types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: Summing {
            package static func term<A: Arithmetic>(_ x: A) -> A { A.multiply(x, x) }
        }
    }

    /// Sums of magnitudes. https://onnx.ai/onnx/operators/onnx__ReduceL1.html
    package struct ReduceL1: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceL1", since: [1, 11, 13, 18], types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: Summing {
            package static func term<A: Arithmetic>(_ x: A) -> A { x < .zero ? A.negate(x) : x }
        }
    }

    /// Roots of sums of squares. https://onnx.ai/onnx/operators/onnx__ReduceL2.html
    package struct ReduceL2: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceL2", since: [1, 11, 13, 18], types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: Summing {
            package static func term<A: Arithmetic>(_ x: A) -> A { A.multiply(x, x) }
            package static func finish<A: Arithmetic>(_ a: A, count: Int) -> A { A(saturating: a.asDouble.squareRoot()) }
        }
    }

    /// Logarithms of sums; of nothing -infinity. https://onnx.ai/onnx/operators/onnx__ReduceLogSum.html
    package struct ReduceLogSum: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceLogSum", since: [1, 11, 13, 18, 28], types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: Summing {
            package static func finish<A: Arithmetic>(_ a: A, count: Int) -> A { A(saturating: log(a.asDouble)) }
        }
    }

    /// Products; of nothing 1. https://onnx.ai/onnx/operators/onnx__ReduceProd.html
    package struct ReduceProd: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceProd", since: [1, 11, 13, 18], types: .reducible)
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: ReductionFunction {
            package static func initial<A: Arithmetic>() -> A { 1 }
            package static func combine<A: Arithmetic>(_ a: A, _ b: A) -> A { A.multiply(a, b) }
        }
    }

    /// The greatest elements, NaN where one is; of nothing the least value of the type. https://onnx.ai/onnx/operators/onnx__ReduceMax.html
    package struct ReduceMax: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceMax", since: [1, 11, 12, 13, 18, 20], types: [.reducible, .extremes])
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: ReductionFunction {
            package static func initial<A: Arithmetic>() -> A { .lowest }
            package static func combine<A: Arithmetic>(_ a: A, _ b: A) -> A { A.greater(a, b) }
        }
    }

    /// The least elements, NaN where one is; of nothing the greatest value of the type. https://onnx.ai/onnx/operators/onnx__ReduceMin.html
    package struct ReduceMin: Reduction {
        package static let schema = OperatorSchema.reduction("ReduceMin", since: [1, 11, 12, 13, 18, 20], types: [.reducible, .extremes])
        package let axes: ReductionAxes
        package init(_ node: NodeReader) throws { axes = try ReductionAxes(node) }
        package enum Function: ReductionFunction {
            package static func initial<A: Arithmetic>() -> A { .highest }
            package static func combine<A: Arithmetic>(_ a: A, _ b: A) -> A { A.lesser(a, b) }
        }
    }
}
