extension Microsoft {
    /// Every operator of the domain, a line each.
    package static let operators: [any Operator.Type] = []
}
