internal import Bytes
internal import GraphIR
internal import Tensors

/// How windows slide over the spatial axes of an image, as a node's attributes say it. What convolutions and pools share.
struct WindowAttributes: Sendable {
    enum AutoPad: String, CaseIterable, Sendable {
        case explicit = "NOTSET"
        case sameUpper = "SAME_UPPER"
        case sameLower = "SAME_LOWER"
        case valid = "VALID"
    }

    /// What windows of one axis come to: how many there are, and the padding before and after the image.
    struct Slide {
        let output: Int
        let before: Int
        let after: Int
    }

    /// No extent, stride or padding is beyond this, so that the sum of two products of them fits 64 bits.
    static let limit = Int(Int32.max)

    /// The highest rank of an image whose points are made of neighbours along every axis, which multiply.
    static let rankLimit = 10

    /// The kernel's extents; nil where the weights say them.
    let kernel: [Int]?
    let autoPad: AutoPad
    private let strides: [Int]?
    private let dilations: [Int]?
    private let pads: [Int]?
    private let roundsUp: Bool

    /// Throws `.shape` or `.limit` for values that no window can have, or lists of different lengths.
    init(_ node: NodeReader) throws {
        kernel = try Self.list(node, "kernel_shape", least: 1)
        strides = try Self.list(node, "strides", least: 1)
        dilations = try Self.list(node, "dilations", least: 1)
        pads = try Self.list(node, "pads", least: 0)
        autoPad = node.attribute("auto_pad") == nil ? .explicit : try node.choice("auto_pad")
        roundsUp = (node.optionalInt("ceil_mode") ?? 0) != 0
        if let rank = kernel?.count ?? strides?.count ?? dilations?.count ?? pads.map({ $0.count / 2 }) { try checkRank(rank) }
    }

    /// The values of a list attribute; nil for one that is absent or empty.
    static func list(_ node: NodeReader, _ name: String, least: Int) throws -> [Int]? {
        guard let values = node.optionalInts(name), !values.isEmpty else { return nil }
        for value in values where value < least || value > limit {
            throw ONNXError(value > limit && least == 0 ? .limit : .shape, "attribute '\(name)' holds \(value); \(least)...\(limit) expected")
        }
        return values
    }

    /// The attributes of a schema. `ceil_mode` and `dilations` came at the versions given, or never.
    static func schema(isKernelRequired: Bool = true, dilationsSince: Int? = 1, ceilSince: Int? = nil) -> [AttributeSchema] {
        [
            .defaulted("auto_pad", .string("NOTSET")), isKernelRequired ? .required("kernel_shape", .ints) : .optional("kernel_shape", .ints),
            .optional("pads", .ints), .optional("strides", .ints),
        ] + (dilationsSince.map { [.optional("dilations", .ints, since: $0)] } ?? [])
            + (ceilSince.map { [.defaulted("ceil_mode", .int(0), since: $0)] } ?? [])
    }

    func stride(_ axis: Int) -> Int { strides?[axis] ?? 1 }
    func dilation(_ axis: Int) -> Int { dilations?[axis] ?? 1 }
    func before(_ axis: Int) -> Int { pads?[axis] ?? 0 }
    func after(_ axis: Int) -> Int { pads.map { $0[$0.count / 2 + axis] } ?? 0 }

    /// The distance from a window's first tap to behind its last.
    func extent(_ axis: Int, kernel: Int) -> Int { (kernel - 1) * dilation(axis) + 1 }

    /// Throws `.shape` unless every list has a value for each of `rank` spatial axes.
    func checkRank(_ rank: Int) throws {
        for (name, count, expected) in [
            ("kernel_shape", kernel?.count, rank), ("strides", strides?.count, rank), ("dilations", dilations?.count, rank), ("pads", pads?.count, 2 * rank),
        ] {
            guard let count, count != expected else { continue }
            throw ONNXError(.shape, "attribute '\(name)' has \(count) values; \(expected) expected for \(rank) spatial axes")
        }
    }

    /// Throws `.shape` or `.limit` unless an axis of an image or a kernel can have that extent.
    static func check(_ extent: Int, _ what: String, _ axis: Int) throws {
        guard extent >= 1 else { throw ONNXError(.shape, "spatial axis \(axis) of the \(what) has extent \(extent), 1 or more expected") }
        guard extent <= limit else { throw ONNXError(.limit, "spatial axis \(axis) of the \(what) has extent \(extent), beyond \(limit)") }
    }

    /// The windows of `kernel` taps over `input` elements of an axis. Throws `.shape` when not one fits.
    func slide(_ axis: Int, over input: Int, kernel: Int) throws -> Slide {
        try Self.check(input, "image", axis)
        try Self.check(kernel, "kernel", axis)
        let (extent, stride) = (extent(axis, kernel: kernel), stride(axis))
        if autoPad == .sameUpper || autoPad == .sameLower {
            let output = (input - 1) / stride + 1
            let total = Swift.max(0, (output - 1) * stride + extent - input)
            let before = autoPad == .sameUpper ? total / 2 : total - total / 2
            return Slide(output: output, before: before, after: total - before)
        }
        let (before, after) = autoPad == .valid ? (0, 0) : (before(axis), after(axis))
        let room = input + before + after - extent
        guard room >= 0 else {
            throw ONNXError(.shape, "a window of \(extent) doesn't fit spatial axis \(axis) of \(input) elements padded by \(before) and \(after)")
        }
        var output = (roundsUp ? room + stride - 1 : room) / stride + 1
        // A window that would begin in the padding at the end is left out.
        if roundsUp && (output - 1) * stride >= input + before { output -= 1 }
        return Slide(output: output, before: before, after: after)
    }

    /// The shape of a pool's output: batches and channels are kept, windows slide over the other axes.
    func pooled(_ x: [Dimension]?) throws -> [Dimension]? {
        guard let kernel else { throw ONNXError(.shape, "attribute 'kernel_shape' is empty") }
        for axis in kernel.indices where Swift.max(before(axis), after(axis)) >= extent(axis, kernel: kernel[axis]) {
            throw ONNXError(.shape, "padding of spatial axis \(axis) (\(before(axis)), \(after(axis))) leaves windows without an element of the image")
        }
        guard let x else { return nil }
        guard x.count >= 3 else { throw ONNXError(.shape, "'X' has rank \(x.count), rank 3 or more expected") }
        try checkRank(x.count - 2)
        return try x[..<2]
            + kernel.indices.map { axis in
                try x[axis + 2].size.map { .known(try slide(axis, over: $0, kernel: kernel[axis]).output) } ?? .unknown
            }
    }
}
