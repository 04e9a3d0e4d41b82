internal import Dispatch

/// The threads that carry asynchronous runs, so that none blocks Swift's own.
enum RunThreads {
    private static let queue = DispatchQueue(label: "onnx.run", attributes: .concurrent)

    static func submit(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
}
