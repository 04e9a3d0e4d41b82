package import Tensors

/// The inputs of a node that are the same in every run.
package struct Constants: Sendable {
    private let inputs: [(name: String, tensor: Tensor)?]
    private let forms: (any PackedForms)?

    package init(_ inputs: [(name: String, tensor: Tensor)?], forms: (any PackedForms)? = nil) {
        self.inputs = inputs
        self.forms = forms
    }

    /// Input `index`, if it is there and constant.
    package subscript(_ index: Int) -> Tensor? { index < inputs.count ? inputs[index]?.tensor : nil }

    /// Memory of `byteCount` for input `index` in the layout of that name, which may stand in a file already.
    package func memory(for index: Int, layout: String, byteCount: Int) throws -> PackedMemory {
        guard let forms, let (name, tensor) = inputs[index], !name.isEmpty else { return .empty(try Storage(byteCount: byteCount)) }
        return try forms.memory(for: name, tensor, layout: layout, byteCount: byteCount)
    }
}

/// Where a constant's packed form is, or is to be written.
package enum PackedMemory {
    case filled(Storage)
    case empty(Storage)
}

/// Constants in the layouts that kernels want, kept from one session to the next.
package protocol PackedForms: Sendable {
    /// Memory for the constant of that name in `layout`: filled where the form is kept, empty where it is to be made.
    func memory(for constant: String, _ tensor: Tensor, layout: String, byteCount: Int) throws -> PackedMemory
}
