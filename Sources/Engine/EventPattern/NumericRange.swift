/// The numbers between two bounds, each of which may belong to them or not.
struct NumericRange: Sendable, Hashable {
    var low = -Double.infinity
    var isLowOpen = false
    var high = Double.infinity
    var isHighOpen = false

    @inline(__always)
    func contains(_ value: Double) -> Bool {
        (isLowOpen ? value > low : value >= low) && (isHighOpen ? value < high : value <= high)
    }
}
