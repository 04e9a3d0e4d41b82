internal import Bytes
internal import GraphIR
internal import Tensors

/// What a pool does with the elements that its windows see.
protocol PoolRule: Sendable {
    associatedtype Element: Arithmetic
    /// What a window holds before it has seen an element.
    var start: Element { get }
    func take(_ held: Element, _ next: Element) -> Element
}

/// One pool of a tensor whose shape inference has found to fit.
struct Pool: Sendable {
    let x: Tensor
    let y: MutableTensor
    let windows: Windows

    init(_ attributes: WindowAttributes, x: Tensor, y: MutableTensor) throws {
        (self.x, self.y) = (x, y)
        windows = try Windows(attributes, input: Array(x.shape.dropFirst(2)), kernel: attributes.kernel ?? [])
    }

    var planes: Int { x.shape[0] * x.shape[1] }
    /// How many planes are worth a thread's while.
    var grain: Int { Swift.max(1, 65_536 / Swift.max(1, windows.tapCount &* windows.outputCount)) }

    /// Applies `rule` to each window and `finish` to each plane's results.
    @inline(__always)
    func run<R: PoolRule>(_ rule: R, _ context: RunContext, finish: @Sendable (_ plane: Range<Int>) -> Void) throws {
        let (input, output, windows) = (try x.elements(R.Element.self), try y.elements(R.Element.self), windows)
        try context.parallel(planes, grain: grain) { range in
            for plane in range {
                let place = plane * windows.outputCount..<(plane + 1) * windows.outputCount
                output.fill(rule.start, in: place)
                for tap in 0..<windows.tapCount {
                    windows.forEachRun(of: tap) { element, window, count in
                        ElementLoop.merge(
                            input, from: plane * windows.inputCount + element, step: windows.step, into: output, at: place.lowerBound + window, count: count,
                            rule.take)
                    }
                }
                finish(place)
            }
        }
    }
}
