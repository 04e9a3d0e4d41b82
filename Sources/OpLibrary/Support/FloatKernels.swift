internal import CKernels
internal import Tensors

/// A function of one float that the machine's kernels compute.
package enum FloatFunction: Sendable {
    case relu, gelu, geluTanh, silu, tanh, sigmoid, exp, log, erf, squareRoot, reciprocal, magnitude, negative, floor, ceiling, round

    private var kernel: ck_unary {
        switch self {
        case .relu: CK_RELU
        case .gelu: CK_GELU_ERF
        case .geluTanh: CK_GELU_TANH
        case .silu: CK_SILU
        case .tanh: CK_TANH
        case .sigmoid: CK_SIGMOID
        case .exp: CK_EXP
        case .log: CK_LOG
        case .erf: CK_ERF
        case .squareRoot: CK_SQRT
        case .reciprocal: CK_RECIPROCAL
        case .magnitude: CK_ABS
        case .negative: CK_NEG
        case .floor: CK_FLOOR
        case .ceiling: CK_CEIL
        case .round: CK_ROUND
        }
    }

    /// y = f(x) for every element. `x` and `y` may be the same memory.
    func map(_ x: Elements<Float>, to y: MutableElements<Float>, _ context: RunContext) throws {
        let kernel = kernel
        try context.parallel(y.count, grain: ElementLoop.grain) { part in
            unsafe x.withPointer(part) { input in
                unsafe y.withPointer(part) { output in unsafe ck_kernels().pointee.unary_f32(kernel, input, output, part.count) }
            }
        }
    }
}

/// A function of two floats that the machine's kernels compute. Greater and lesser give NaN where either operand is NaN.
package enum FloatOperation: Sendable {
    case add, subtract, multiply, divide, greater, lesser

    private var kernel: ck_binary {
        switch self {
        case .add: CK_ADD
        case .subtract: CK_SUB
        case .multiply: CK_MUL
        case .divide: CK_DIV
        case .greater: CK_MAX
        case .lesser: CK_MIN
        }
    }

    /// Output 0 = f(a, b), broadcast.
    func zip(_ a: Tensor, _ b: Tensor, to output: MutableTensor, _ context: RunContext) throws {
        let (x, y, z, kernel) = (try a.elements(Float.self), try b.elements(Float.self), try output.elements(Float.self), kernel)
        let walk = BroadcastWalk([a.shape, b.shape], to: output.shape)
        let (stepX, stepY) = (walk.steps[0], walk.steps[1])
        let operands = stepX == stepY ? CK_BOTH_ARRAYS : stepX == 0 ? CK_LEFT_IS_SCALAR : CK_RIGHT_IS_SCALAR
        try context.parallel(z.count, grain: ElementLoop.grain) { part in
            walk.forEachSegment(of: part) { run, offset, count in
                let (startX, startY) = (walk.start(0, run: run) &+ offset &* stepX, walk.start(1, run: run) &+ offset &* stepY)
                let startZ = run &* walk.runLength &+ offset
                unsafe x.withPointer(startX..<startX &+ (stepX == 0 ? 1 : count)) { left in
                    unsafe y.withPointer(startY..<startY &+ (stepY == 0 ? 1 : count)) { right in
                        unsafe z.withPointer(startZ..<startZ &+ count) { result in
                            unsafe ck_kernels().pointee.binary_f32(kernel, operands, left, right, result, count)
                        }
                    }
                }
            }
        }
    }
}

/// A function of a row of floats that lie side by side.
package enum FloatRowFunction: Sendable {
    case softmax, logSoftmax

    /// y = f(x), row by row; `view` has rows of step 1.
    func map(_ x: Elements<Float>, to y: MutableElements<Float>, _ view: AxisView, _ context: RunContext) throws {
        try context.parallel(view.rowCount, grain: view.grain) { rows in
            for row in rows {
                let range = row &* view.extent..<(row &+ 1) &* view.extent
                unsafe x.withPointer(range) { input in
                    unsafe y.withPointer(range) { output in
                        switch self {
                        case .softmax: unsafe ck_kernels().pointee.softmax_f32(input, output, view.extent, false)
                        case .logSoftmax: unsafe ck_kernels().pointee.log_softmax_f32(input, output, view.extent)
                        }
                    }
                }
            }
        }
    }
}

/// What normalisation makes of rows of floats: `gamma` and `beta` are one a column, `mean` and `inverse` one a row.
struct FloatNormalization: Sendable {
    let x: Elements<Float>
    let y: MutableElements<Float>
    let gamma: Elements<Float>
    var beta: Elements<Float>?
    var mean: MutableElements<Float>?
    var inverse: MutableElements<Float>?
    let epsilon: Float
    let view: AxisView
    /// By the root mean square alone, without subtracting the mean.
    let isRootMeanSquare: Bool

    func run(_ context: RunContext) throws {
        precondition(gamma.count == view.extent && beta.map { $0.count == view.extent } ?? true, "one parameter a column")
        try context.parallel(view.outer, grain: view.grain) { rows in
            let range = rows.lowerBound &* view.extent..<rows.upperBound &* view.extent
            withExtendedLifetime(self) {
                unsafe x.withPointer(range) { input in
                    unsafe y.withPointer(range) { output in
                        unsafe gamma.withPointer { gamma in
                            var norm = unsafe ck_norm_f32(
                                rows: rows.count, columns: view.extent, x: input, ldx: view.extent, residual: nil, ld_residual: 0, gamma: gamma,
                                beta: unsafe beta.map { unsafe $0.withPointer { unsafe $0 } }, epsilon: epsilon, y: output, ldy: view.extent, sum: nil,
                                mean: unsafe mean.map { unsafe $0.withPointer(rows) { unsafe $0 } },
                                inverse_deviation: unsafe inverse.map { unsafe $0.withPointer(rows) { unsafe $0 } })
                            if isRootMeanSquare {
                                unsafe ck_kernels().pointee.rms_norm_f32(&norm)
                            } else {
                                unsafe ck_kernels().pointee.layer_norm_f32(&norm)
                            }
                        }
                    }
                }
            }
        }
    }
}
