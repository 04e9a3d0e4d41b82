import GraphExecutor
import ONNX
import Testing

/// int8 layers: rows and weights are rotated block by block before they are quantised.
@Suite struct RotationTests {
    struct Layer: Sendable, CustomTestStringConvertible {
        let depth: Int
        /// The greatest power of two from 16 to 128 that divides the depth.
        let block: Int
        var testDescription: String { "depth \(depth) in blocks of \(block)" }

        let rows = 3
        let columns = 21

        let x: [Double]
        let w: [Double]

        /// Numbers around 0, and two channels of x far from them.
        init(depth: Int, block: Int) {
            (self.depth, self.block) = (depth, block)
            x = (0..<rows * depth).map { Double(Float(Self.number($0) + ($0 % depth == 5 ? 40 : $0 % depth == depth - 3 ? -25 : 0))) }
            w = (0..<depth * columns).map { Self.number($0 + 7919) }
        }

        /// Between -1 and 1, exact in Float.
        private static func number(_ index: Int) -> Double {
            var hash = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
            hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
            hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((hash ^ (hash >> 31)) >> 40) / 8_388_608 - 1
        }

        /// By the definition: every element of a block with the sign of its row of Hadamard's matrix.
        func rotated(_ x: [Double]) -> [Double] {
            x.indices.map { index in
                let (start, row) = (index / block * block, index % block)
                return (0..<block).reduce(0) { $0 + ((($1 & row).nonzeroBitCount & 1) == 0 ? x[start + $1] : -x[start + $1]) }
            }
        }

        func row(_ index: Int) -> [Double] { Array(x[index * depth..<(index + 1) * depth]) }
        func column(_ index: Int) -> [Double] { stride(from: index, to: w.count, by: columns).map { w[$0] } }
    }

    private static let layers = [
        Layer(depth: 384, block: 128), Layer(depth: 192, block: 64), Layer(depth: 96, block: 32), Layer(depth: 48, block: 16), Layer(depth: 50, block: 1),
    ]

    private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    /// What remains of a row when its range, 0 included, is spread over 0...255.
    private func inBytes(_ x: [Double]) -> [Double] {
        let (least, greatest) = (min(0, x.min() ?? 0), max(0, x.max() ?? 0))
        let scale = (greatest - least) / 255
        let zero = (-least / scale).rounded(.toNearestOrEven)
        return x.map { (min(max(($0 / scale).rounded(.toNearestOrEven) + zero, 0), 255) - zero) * scale }
    }

    private func inSignedBytes(_ x: [Double]) -> [Double] {
        let scale = (x.map(abs).max() ?? 1) / 127
        return x.map { ($0 / scale).rounded(.toNearestOrEven) * scale }
    }

    private func run(_ layer: Layer, isTransposed: Bool) throws -> [Double] {
        var graph = Graph(name: "layer")
        graph.inputs = [ValueInfo("x", .tensor(.float, [.unknown, .known(layer.depth)]))]
        if isTransposed {
            graph.initializers["w"] = try Tensor((0..<layer.columns).flatMap { layer.column($0).map(Float.init) }, shape: [layer.columns, layer.depth])
            graph.nodes = [Node("Gemm", inputs: ["x", "w"], outputs: ["y"], attributes: ["transB": .int(1)])]
        } else {
            graph.initializers["w"] = try Tensor(layer.w.map(Float.init), shape: [layer.depth, layer.columns])
            graph.nodes = [Node("MatMul", inputs: ["x", "w"], outputs: ["y"])]
        }
        graph.outputs = [ValueInfo("y")]
        var options = SessionOptions()
        options.precision = .int8
        let session = try Session(model: Model(opsetImports: ["": 17], graph: graph), options: options)
        let input = Value.tensor(try Tensor(layer.x.map(Float.init), shape: [layer.rows, layer.depth]))
        return try #require(try session.runSynchronously(["x": input])["y"]?.tensor).array(of: Float.self).map(Double.init)
    }

    @Test(arguments: layers, [false, true]) func isTheRotatedProduct(layer: Layer, isTransposed: Bool) throws {
        let rows = (0..<layer.rows).map { inBytes(layer.rotated(layer.row($0))) }
        let columns = (0..<layer.columns).map { inSignedBytes(layer.rotated(layer.column($0))) }
        let expected = rows.flatMap { row in columns.map { dot(row, $0) / Double(layer.block) } }
        let size = expected.map(abs).max() ?? 1
        for (found, expected) in zip(try run(layer, isTransposed: isTransposed), expected) { #expect(abs(found - expected) <= 1e-5 * size) }
    }

    /// The same outliers in rows that are quantised as they are cost twice as much and more.
    @Test(arguments: layers.filter { $0.block >= 64 }) func outliersCostLittle(layer: Layer) throws {
        let found = try run(layer, isTransposed: false)
        var (error, plain) = (0.0, 0.0)
        for row in 0..<layer.rows {
            let bytes = inBytes(layer.row(row))
            for column in 0..<layer.columns {
                let exact = dot(layer.row(row), layer.column(column))
                error += (found[row * layer.columns + column] - exact) * (found[row * layer.columns + column] - exact)
                let unrotated = dot(bytes, inSignedBytes(layer.column(column))) - exact
                plain += unrotated * unrotated
            }
        }
        #expect(error * 4 < plain)
    }
}
