internal import Bytes
internal import Converter
internal import OrderedCollections
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The weights of a model that nobody has trained yet.
struct FreshWeights {
    let config: DistilBertConfig
    let task: DistilBertTask
    let initialisation: DistilBertSemantics.Initialisation

    /// The state dict, float. Equal seeds give equal weights on every machine.
    ///
    /// Matrices are drawn from a normal distribution of mean 0 and deviation `initializer_range`, cut off at two deviations; biases are 0, LayerNorms 1 and 0.
    ///
    /// Only those that `isWanted` are made.
    func make(seed: UInt64, where isWanted: (String) -> Bool = { _ in true }) throws -> OrderedDictionary<String, Tensor> {
        guard !config.sinusoidalPosEmbds || initialisation != .paddingDrawnLearnedPositions else {
            throw ONNXError(.usage, "sinusoidal_pos_embds is true, which the TensorFlow twins can't be made with", remedy: "load a checkpoint")
        }
        let names = DistilBertNames(task: task)
        var random = SeededRandom(seed: seed)
        var weights: OrderedDictionary<String, Tensor> = [:]
        for expected in try config.expectedWeights(for: task) where expected.tiedTo == nil && isWanted(expected.name) {
            let isNorm = expected.name.hasSuffix("LayerNorm.weight") || expected.name.hasSuffix("layer_norm.weight")
            weights[expected.name] =
                if expected.name == names.positionEmbeddings && config.sinusoidalPosEmbds {
                    try Self.sinusoidalPositions(expected.shape[0], expected.shape[1])
                } else if expected.shape.count == 1 {
                    try Self.filled(expected.shape, isNorm ? 1 : 0)
                } else {
                    try drawn(expected.shape, paddingRow: expected.name == names.wordEmbeddings ? paddingRow : nil, &random)
                }
        }
        return weights
    }

    private var paddingRow: Int? { initialisation == .paddingZero ? config.padTokenID : nil }

    private static func filled(_ shape: [Int], _ value: Float) throws -> Tensor {
        let tensor = try MutableTensor(.float, shape)
        try tensor.elements(Float.self).fill(value)
        return tensor.tensor
    }

    private func drawn(_ shape: [Int], paddingRow: Int?, _ random: inout SeededRandom) throws -> Tensor {
        let tensor = try MutableTensor(.float, shape)
        let elements = try tensor.elements(Float.self)
        for index in elements.indices { elements[index] = Float(random.truncatedNormal() * config.initializerRange) }
        if let paddingRow { elements.fill(0, in: paddingRow * shape[1]..<(paddingRow + 1) * shape[1]) }
        return tensor.tensor
    }

    /// sin and cos of position / 10000^(2 (column / 2) / columns) in turns, in double precision and then rounded.
    static func sinusoidalPositions(_ rows: Int, _ columns: Int) throws -> Tensor {
        let tensor = try MutableTensor(.float, [rows, columns])
        let elements = try tensor.elements(Float.self)
        for column in 0..<columns {
            let wavelength = pow(10_000, Double(2 * (column / 2)) / Double(columns))
            for row in 0..<rows {
                let angle = Double(row) / wavelength
                elements[row * columns + column] = Float(column % 2 == 0 ? sin(angle) : cos(angle))
            }
        }
        return tensor.tensor
    }
}

/// A stream of random numbers that its seed determines.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (SplitMix64); Box and Muller, "A note on the generation of random normal deviates"
struct SeededRandom {
    private var state: UInt64
    private var spare: Double?

    init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In (0, 1].
    private mutating func uniform() -> Double { (Double(next() >> 11) + 1) * 0x1p-53 }

    /// Of mean 0 and deviation 1.
    mutating func normal() -> Double {
        if let spare {
            self.spare = nil
            return spare
        }
        let (radius, angle) = ((-2 * log(uniform())).squareRoot(), 2 * Double.pi * uniform())
        spare = radius * sin(angle)
        return radius * cos(angle)
    }

    /// As `normal`, what lies beyond two deviations drawn again.
    mutating func truncatedNormal() -> Double {
        while true {
            let value = normal()
            if abs(value) <= 2 { return value }
        }
    }
}
