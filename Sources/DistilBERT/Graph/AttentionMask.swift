internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// The mask as attention scores take it.
enum AttentionMask {
    /// `[row, 1, 1, sequence]`, to be added to the scores.
    case added(String)
    /// bool `[row, 1, 1, sequence]`: where it is true, minus infinity takes the score's place.
    case filled(String)

    /// From a mask `[row, sequence]` of any type, 0 where nothing is attended to.
    init(_ graph: DistilBertGraph, _ builder: inout GraphBuilder, _ given: String) {
        let mask = builder.apply("Unsqueeze", [given, builder.integers([1, 2])])
        let semantics = graph.semantics
        switch semantics.maskFill {
        case .subtracted:
            let numbers = builder.cast(mask, to: builder.elementType)
            self = .added(builder.apply("Mul", [builder.apply("Sub", [numbers, builder.constant(1)]), builder.constant(1e30)]))
        case .minusInfinity:
            let attended = builder.cast(mask, to: .bool)
            if semantics.fullyMaskedRow == .notANumber {
                self = .filled(builder.apply("Not", [attended]))
            } else {
                let fill = graph.guardsMaskedRows ? -Double.infinity : builder.elementType.lowest
                self = .added(builder.apply("Where", [attended, builder.constant(0), builder.constant(fill)]))
            }
        }
    }

    /// The scores, masked.
    func applied(_ builder: inout GraphBuilder, to scores: String) -> String {
        switch self {
        case .added(let mask): builder.apply("Add", [scores, mask])
        case .filled(let mask): builder.apply("Where", [mask, builder.constant(-.infinity), scores])
        }
    }
}

extension DistilBertGraph {
    /// Whether the weights of a row that is masked throughout, which are no numbers, become 0.
    var guardsMaskedRows: Bool { semantics.fullyMaskedRow == .zeroOrMean && !options.outputsAttentions && semantics.maskFill == .minusInfinity }
}

extension ElementType {
    /// The least finite number, which PyTorch's eager attention masks with.
    fileprivate var lowest: Double {
        switch self {
        case .double: -Double.greatestFiniteMagnitude
        case .float16: -65_504
        // All 8 bits of the exponent but the last, all 7 of the fraction.
        case .bfloat16: Double(BFloat16(bitPattern: 0xFF7F).float)
        default: -Double(Float.greatestFiniteMagnitude)
        }
    }
}
